package model

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"automl/trial"
)

var update = flag.Bool("update", false, "rewrite the golden file that the Python client is held to")

// pythonBlocks is what the Python client must find in the same folders: see python/tests/test_freeze.py.
const pythonBlocks = "../../../python/tests/data/blocks.json"

// blocksCase is a folder of testdata: its blocks, and how many numbers of each a schedule can train.
type blocksCase struct {
	Model     string     `json:"model"`
	Blocks    []string   `json:"blocks"`
	Sizes     []int      `json:"sizes"`
	Rates     []rateCase `json:"rates"`     // of the gradual schedule below: numbers by learning-rate factor and weight decay
	Trainable []int      `json:"trainable"` // of the gradual schedule below, in the epochs 1 to 5
}

// rateCase is how many numbers of a block have weight decay, and how many not.
type rateCase struct {
	Factor  float64 `json:"factor"`
	Decayed int     `json:"decayed"`
	Plain   int     `json:"plain"`
}

func TestBlocksOfThePythonClient(t *testing.T) {
	gradual := trial.FreezeSchedule{Strategy: trial.Gradual, Depth: 0.6, UnfreezeEvery: 1, LayerDecay: 0.5, HeadLRFactor: 10}
	var cases []blocksCase
	for _, name := range []string{"bert", "roberta", "distilbert", "gpt2", "gpt2lm", "vit", "resnet-basic", "resnet-bottleneck"} {
		load := Load
		if name == "gpt2lm" {
			load = LoadLanguageModel
		}
		n, err := load(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		c := blocksCase{Model: name, Blocks: n.Blocks(), Sizes: make([]int, len(n.Blocks()))}
		for _, factor := range gradual.LRFactors(len(c.Blocks)) {
			c.Rates = append(c.Rates, rateCase{Factor: factor})
		}
		for _, p := range n.Params() {
			if !p.Trainable {
				continue
			}
			c.Sizes[p.Block] += len(p.Data)
			if p.Decay {
				c.Rates[p.Block].Decayed += len(p.Data)
			} else {
				c.Rates[p.Block].Plain += len(p.Data)
			}
		}
		for epoch := 1; epoch <= 5; epoch++ {
			sum := 0
			for i, on := range gradual.Trained(epoch, len(c.Blocks)) {
				if on {
					sum += c.Sizes[i]
				}
			}
			c.Trainable = append(c.Trainable, sum)
		}
		cases = append(cases, c)
	}
	text, err := json.MarshalIndent(cases, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, '\n')
	if *update {
		if err := os.WriteFile(pythonBlocks, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(pythonBlocks)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != string(text) {
		t.Errorf("%s is not what this package loads; go test ./runner/finetune/model -update rewrites it, and the Python client must follow", pythonBlocks)
	}
}
