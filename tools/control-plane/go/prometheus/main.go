// Promcheck does what promtool does, with the packages that promtool does it with: promtool itself takes
// eight minutes of processor time to build, since it brings the client libraries of every cloud along.
//
//	promcheck metrics < text    lints metrics in the text format
//	promcheck rules < file      checks a file of alerting and recording rules
//	promcheck query < json      answers queries over what was scraped, see queries.go
//	promcheck alerts < json     says which alerts of a file fire over what was scraped, see alerts.go
//
// The first two print one problem a line and end with 3 where there are any, the others print JSON. It
// ends with 1 where it cannot do what it is asked.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
)

func main() {
	if err := run(os.Args[1:], os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(arguments []string, input io.Reader) error {
	what := ""
	if len(arguments) == 1 {
		what = arguments[0]
	}
	switch what {
	case "metrics":
		problems, err := metricProblems(input)
		return tell(problems, err)
	case "rules":
		_, problems, err := readRules(input)
		return tell(problems, err)
	case "query":
		return answer(input, answerQueries)
	case "alerts":
		return answer(input, findAlerts)
	}
	return fmt.Errorf("usage: promcheck metrics|rules|query|alerts, with the rest on standard input")
}

func tell(problems []string, err error) error {
	if err != nil {
		return err
	}
	for _, problem := range problems {
		fmt.Println(problem)
	}
	if len(problems) > 0 {
		os.Exit(3)
	}
	return nil
}

func answer[Question, Answer any](input io.Reader, find func(Question) (Answer, error)) error {
	var question Question
	decoder := json.NewDecoder(input)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&question); err != nil {
		return err
	}
	found, err := find(question)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(found)
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
