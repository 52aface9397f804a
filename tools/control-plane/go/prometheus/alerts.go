package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/template"
)

// Watch is a stretch of time, in seconds, in which the rules of a file are evaluated.
type Watch struct {
	Scrapes []Scrape `json:"scrapes"`
	Rules   string   `json:"rules"`
	From    int64    `json:"from"`
	To      int64    `json:"to"`
	Every   int64    `json:"every"`
}

// Alert is one that was active without a break, in seconds: since when its expression held, since when it
// fired, and when it ended; 0 where it did not.
type Alert struct {
	Name        string            `json:"name"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	Since       int64             `json:"since"`
	Fired       int64             `json:"fired"`
	Ended       int64             `json:"ended"`
}

// findAlerts evaluates as the rule manager of Prometheus does, whose package would double the time that
// this program takes to build. Rules with keep_firing_for are refused: it does not know them.
func findAlerts(watch Watch) ([]*Alert, error) {
	stored, err := remember(watch.Scrapes)
	if err != nil {
		return nil, err
	}
	groups, problems, err := readRules(strings.NewReader(watch.Rules))
	if err != nil || len(problems) > 0 {
		return nil, errors.Join(fmt.Errorf("the rules: %s", strings.Join(problems, "; ")), err)
	}
	watcher := &watcher{query: newEngine(stored), found: []*Alert{}, active: map[string]*Alert{}}
	for at := watch.From; at <= watch.To; at += watch.Every {
		for _, group := range groups.Groups {
			for _, rule := range group.Rules {
				if err := watcher.evaluate(rule, at); err != nil {
					return nil, fmt.Errorf("%s%s: %w", rule.Alert, rule.Record, err)
				}
			}
		}
	}
	return watcher.found, nil
}

type watcher struct {
	query queryFunc
	found []*Alert
	// Those that have not ended, by name and labels.
	active map[string]*Alert
}

func (w *watcher) evaluate(rule rulefmt.Rule, at int64) error {
	if rule.KeepFiringFor != 0 || rule.Alert == "" {
		return errors.New("only alerts are known, and none with keep_firing_for")
	}
	vector, err := w.query(context.Background(), rule.Expr, time.Unix(at, 0))
	if err != nil {
		return err
	}
	still := map[string]bool{}
	for _, each := range vector {
		alert, err := alertOf(rule, each, w.query, at)
		if err != nil {
			return err
		}
		key := rule.Alert + labels.FromMap(alert.Labels).String()
		if still[key] {
			return fmt.Errorf("two alerts have the same labels: %s", key)
		}
		still[key] = true
		if known := w.active[key]; known == nil {
			w.active[key] = alert
			w.found = append(w.found, alert)
		} else {
			known.Annotations = alert.Annotations
			alert = known
		}
		if alert.Fired == 0 && at-alert.Since >= int64(time.Duration(rule.For).Seconds()) {
			alert.Fired = at
		}
	}
	for key, alert := range w.active {
		if alert.Name == rule.Alert && !still[key] {
			alert.Ended = at
			delete(w.active, key)
		}
	}
	return nil
}

func alertOf(rule rulefmt.Rule, sample promql.Sample, query queryFunc, at int64) (*Alert, error) {
	own := sample.Metric.Map()
	data := template.AlertTemplateData(own, nil, "", sample)
	expand := func(text string) (string, error) {
		// As Prometheus does, for whoever does not know the templates of Go.
		const names = "{{$labels := .Labels}}{{$value := .Value}}"
		expander := template.NewTemplateExpander(context.Background(), names+text, rule.Alert, data,
			model.TimeFromUnix(at), template.QueryFunc(query), &url.URL{}, nil)
		return expander.Expand()
	}
	alert := &Alert{Name: rule.Alert, Labels: map[string]string{}, Annotations: map[string]string{}, Since: at}
	for name, value := range own {
		if name != labels.MetricName {
			alert.Labels[name] = value
		}
	}
	for _, texts := range []struct{ from, to map[string]string }{
		{rule.Labels, alert.Labels}, {rule.Annotations, alert.Annotations},
	} {
		for name, text := range texts.from {
			expanded, err := expand(text)
			if err != nil {
				return nil, err
			}
			texts.to[name] = expanded
		}
	}
	return alert, nil
}
