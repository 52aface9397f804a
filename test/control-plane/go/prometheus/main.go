// Promcheck does what "promtool check metrics" and "promtool check rules" do, with the packages that
// promtool does it with: promtool itself takes eight minutes of processor time to build, since it
// brings the client libraries of every cloud along.
//
//	promcheck metrics < text    lints metrics in the text format
//	promcheck rules < file      checks a file of alerting and recording rules
//
// It prints one problem a line and ends with 3 where there are any, with 1 where it cannot look.
package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
)

func main() {
	what := ""
	if len(os.Args) == 2 {
		what = os.Args[1]
	}
	var problems []string
	var err error
	switch what {
	case "metrics":
		problems, err = metricProblems(os.Stdin)
	case "rules":
		problems, err = ruleProblems(os.Stdin)
	default:
		err = fmt.Errorf("usage: promcheck metrics|rules, with the text on standard input")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for _, problem := range problems {
		fmt.Println(problem)
	}
	if len(problems) > 0 {
		os.Exit(3)
	}
}

func metricProblems(text io.Reader) ([]string, error) {
	found, err := promlint.New(text).Lint()
	if err != nil {
		return nil, err
	}
	var problems []string
	for _, problem := range found {
		problems = append(problems, fmt.Sprintf("%s: %s", problem.Metric, problem.Text))
	}
	return problems, nil
}

func ruleProblems(text io.Reader) ([]string, error) {
	content, err := io.ReadAll(text)
	if err != nil {
		return nil, err
	}
	silent := slog.New(slog.DiscardHandler)
	groups, errs := rulefmt.Parse(content, false, model.UTF8Validation, parser.NewParser(parser.Options{}), silent)
	var problems []string
	for _, err := range errs {
		problems = append(problems, err.Error())
	}
	rules := 0
	if groups != nil {
		for _, group := range groups.Groups {
			rules += len(group.Rules)
		}
	}
	if rules == 0 && len(problems) == 0 {
		problems = append(problems, "there is no rule in it")
	}
	return problems, nil
}
