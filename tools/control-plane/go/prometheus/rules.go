package main

import (
	"io"
	"log/slog"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
)

// readRules reads a file of rules as Prometheus does. The groups are nil where there are problems.
func readRules(text io.Reader) (*rulefmt.RuleGroups, []string, error) {
	content, err := io.ReadAll(text)
	if err != nil {
		return nil, nil, err
	}
	silent := slog.New(slog.DiscardHandler)
	groups, errs := rulefmt.Parse(content, false, model.UTF8Validation, parser.NewParser(parser.Options{}), silent)
	var problems []string
	for _, err := range errs {
		problems = append(problems, err.Error())
	}
	if len(problems) > 0 {
		return nil, problems, nil
	}
	rules := 0
	for _, group := range groups.Groups {
		rules += len(group.Rules)
	}
	if rules == 0 {
		return nil, []string{"there is no rule in it"}, nil
	}
	return groups, nil, nil
}
