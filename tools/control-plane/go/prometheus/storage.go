package main

import (
	"context"
	"errors"
	"io"
	"math"
	"sort"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/util/annotations"
)

// Scrape is what a target has answered at a moment, in seconds.
type Scrape struct {
	At     int64             `json:"at"`
	Labels map[string]string `json:"labels"`
	// nil where it did not answer.
	Text *string `json:"text"`
}

// memory keeps series as the storage of Prometheus does, without a disk.
type memory struct {
	series map[string]*oneSeries
}

type oneSeries struct {
	labels  labels.Labels
	samples []chunks.Sample
}

type sample struct {
	t int64
	v float64
}

func (s sample) T() int64                      { return s.t }
func (s sample) ST() int64                     { return 0 }
func (s sample) F() float64                    { return s.v }
func (s sample) H() *histogram.Histogram       { return nil }
func (s sample) FH() *histogram.FloatHistogram { return nil }
func (s sample) Type() chunkenc.ValueType      { return chunkenc.ValFloat }
func (s sample) Copy() chunks.Sample           { return s }

// remember does what Prometheus does at a scrape: a series that the target does not tell of any more ends
// at once, by a marker, and the labels of a text go before those of its target (honor_labels).
func remember(scrapes []Scrape) (*memory, error) {
	m := &memory{series: map[string]*oneSeries{}}
	present := map[string]map[string]bool{}
	for _, scrape := range scrapes {
		target := labels.FromMap(scrape.Labels).String()
		at := scrape.At * 1000
		told, up := map[string]bool{}, 0.0
		if scrape.Text != nil {
			up = 1
			if err := m.addText(*scrape.Text, scrape.Labels, at, told); err != nil {
				return nil, err
			}
		}
		for name := range present[target] {
			if !told[name] {
				m.series[name].add(at, math.Float64frombits(value.StaleNaN))
			}
		}
		present[target] = told
		m.of(labels.NewBuilder(labels.FromMap(scrape.Labels)).Set(labels.MetricName, "up").Labels()).add(at, up)
	}
	return m, nil
}

func (m *memory) addText(text string, target map[string]string, at int64, told map[string]bool) error {
	parser, err := textparse.New([]byte(text), "text/plain", labels.NewSymbolTable(), textparse.ParserOptions{})
	if err != nil {
		return err
	}
	for {
		entry, err := parser.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if entry != textparse.EntrySeries {
			continue
		}
		var own labels.Labels
		parser.Labels(&own)
		_, _, v := parser.Series()
		all := labels.NewBuilder(labels.FromMap(target))
		own.Range(func(label labels.Label) { all.Set(label.Name, label.Value) })
		series := m.of(all.Labels())
		series.add(at, v)
		told[series.labels.String()] = true
	}
}

func (m *memory) of(set labels.Labels) *oneSeries {
	name := set.String()
	if m.series[name] == nil {
		m.series[name] = &oneSeries{labels: set}
	}
	return m.series[name]
}

func (s *oneSeries) add(at int64, v float64) { s.samples = append(s.samples, sample{at, v}) }

// Querier is of storage.Queryable.
func (m *memory) Querier(from, to int64) (storage.Querier, error) {
	return &querier{memory: m, from: from, to: to}, nil
}

type querier struct {
	memory   *memory
	from, to int64
}

// Select is of storage.Querier. The engine cuts samples by itself as far as a query looks.
func (q *querier) Select(_ context.Context, _ bool, _ *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	found := &set{at: -1}
	for _, series := range q.memory.series {
		matches := true
		for _, matcher := range matchers {
			matches = matches && matcher.Matches(series.labels.Get(matcher.Name))
		}
		first := sort.Search(len(series.samples), func(i int) bool { return series.samples[i].T() >= q.from })
		last := sort.Search(len(series.samples), func(i int) bool { return series.samples[i].T() > q.to })
		if matches && first < last {
			found.series = append(found.series, storage.NewListSeries(series.labels, series.samples[first:last]))
		}
	}
	sort.Slice(found.series, func(a, b int) bool {
		return labels.Compare(found.series[a].Labels(), found.series[b].Labels()) < 0
	})
	return found
}

// LabelValues is of storage.Querier; no function of PromQL asks for it.
func (q *querier) LabelValues(context.Context, string, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, errors.ErrUnsupported
}

// LabelNames is of storage.Querier; no function of PromQL asks for it.
func (q *querier) LabelNames(context.Context, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, errors.ErrUnsupported
}

func (q *querier) Close() error { return nil }

type set struct {
	series []storage.Series
	at     int
}

func (s *set) Next() bool                        { s.at++; return s.at < len(s.series) }
func (s *set) At() storage.Series                { return s.series[s.at] }
func (s *set) Err() error                        { return nil }
func (s *set) Warnings() annotations.Annotations { return nil }
