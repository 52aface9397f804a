package main

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/prometheus/promql"
)

// Queries are questions of PromQL at a moment, in seconds, over what was scraped until then.
type Queries struct {
	Scrapes []Scrape `json:"scrapes"`
	At      int64    `json:"at"`
	Exprs   []string `json:"exprs"`
}

// Sample is one element of an answer; a number that JSON has no word for is a text, as "NaN".
type Sample struct {
	Labels map[string]string `json:"labels"`
	Value  string            `json:"value"`
}

// answerQueries returns the elements of each answer, in the order of the questions.
func answerQueries(asked Queries) ([][]Sample, error) {
	stored, err := remember(asked.Scrapes)
	if err != nil {
		return nil, err
	}
	engine := newEngine(stored)
	answers := make([][]Sample, len(asked.Exprs))
	for i, expr := range asked.Exprs {
		found, err := engine(context.Background(), expr, time.Unix(asked.At, 0))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", expr, err)
		}
		answers[i] = []Sample{}
		for _, each := range found {
			answers[i] = append(answers[i], Sample{each.Metric.Map(), fmt.Sprint(each.F)})
		}
	}
	return answers, nil
}

type queryFunc func(ctx context.Context, expr string, at time.Time) (promql.Vector, error)

// newEngine has the defaults of Prometheus.
func newEngine(stored *memory) queryFunc {
	engine := promql.NewEngine(promql.EngineOpts{
		MaxSamples:           50_000_000,
		Timeout:              time.Minute,
		LookbackDelta:        5 * time.Minute,
		EnableAtModifier:     true,
		EnableNegativeOffset: true,
	})
	return func(ctx context.Context, expr string, at time.Time) (promql.Vector, error) {
		query, err := engine.NewInstantQuery(ctx, stored, nil, expr, at)
		if err != nil {
			return nil, err
		}
		defer query.Close()
		result := query.Exec(ctx)
		if result.Err != nil {
			return nil, result.Err
		}
		if len(result.Warnings) > 0 {
			return nil, fmt.Errorf("Prometheus warns: %v", result.Warnings.AsErrors())
		}
		if scalar, err := result.Scalar(); err == nil {
			return promql.Vector{promql.Sample{T: scalar.T, F: scalar.V}}, nil
		}
		return result.Vector()
	}
}
