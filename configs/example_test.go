package configs_test

import (
	"fmt"

	"automl/configs"
)

const sweep = `
name: night
objective: {metric: val_accuracy, goal: maximize}
parameters:
  lr:        {type: float, low: 1e-6, high: 1e-2, log: true}
  optimizer: {type: categorical, choices: [adamw, sgd]}
  momentum:  {type: float, low: 0.5, high: 0.99, when: {optimizer: sgd}}
folds: 5
epochs: {max: 20, grace: 3}
budget: {trials: 50, deadline: 07:00}
trainer: {type: command, command: [python, train.py], workdir: /srv/night}
`

func ExampleParse() {
	s, err := configs.Parse("night.yaml", []byte(sweep), "")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(s.Name, s.Shape.Folds, "folds of", s.Shape.Epochs, "epochs,", s.Budget.Trials, "trials")
	for _, p := range s.Space().Parameters {
		fmt.Println(p.Name, p.Kind)
	}
	// Output:
	// night 5 folds of 20 epochs, 50 trials
	// lr float
	// optimizer categorical
	// momentum float
}

func ExampleError() {
	_, err := configs.Parse("night.yaml", []byte(sweep+"wokers: 4\n"), "")
	fmt.Println(err)
	// Output:
	// night.yaml:12:1: wokers: unknown key
	//   hint: did you mean "workers"?
}

// A check that needs more than the file points to the line it is about.
func ExampleSweep_Errorf() {
	s, err := configs.Parse("night.yaml", []byte(sweep), "")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(s.Errorf("trainer.command[0]", "there is no program %q here", s.Trainer.Command[0]))
	// Output:
	// night.yaml:11:36: trainer.command[0]: there is no program "python" here
}

// A daemon rebuilds a study from its document after a restart.
func ExampleSweep_Document() {
	first, err := configs.Parse("night.yaml", []byte(sweep), "")
	if err != nil {
		fmt.Println(err)
		return
	}
	second, err := configs.Parse(first.Name, first.Document(), "")
	fmt.Println(err, first.Digest() == second.Digest())
	// Output:
	// <nil> true
}
