package train

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"automl/runner/finetune/augment"
	"automl/runner/finetune/data"
	"automl/runner/finetune/tokenizer"
	"automl/trial"
)

// A mixed image is what the two rows are by themselves in that epoch, mixed.
func TestImagesAreMixedAsTheyAreChanged(t *testing.T) {
	job := digits(t, 40, p("augment_shift", 1.0), p("augment_mixup", 0.4))
	images := job.Inputs.(*data.Images)
	both := newAugmented(images, job.Options, job.Train)
	alone := newAugmented(images, Options{Augment: job.Options.Augment}, job.Train)
	key := augment.Key{Seed: 3, Trial: 1, Fold: 2, Epoch: 4}
	both.at(key)
	alone.at(key)
	got, one, two := make([]float32, images.Size()), make([]float32, images.Size()), make([]float32, images.Size())
	partners := map[int]bool{}
	for _, row := range job.Train {
		both.Write(got, row)
		other, share := both.mix.of(row)
		partners[other] = true
		alone.Write(one, row)
		alone.Write(two, other)
		for i := range got {
			want := share*float64(one[i]) + (1-share)*float64(two[i])
			if math.Abs(float64(got[i])-want) > 1e-4 {
				t.Fatalf("row %d with %d: value %d is %v, expected %v", row, other, i, got[i], want)
			}
		}
		if !slices.Contains(job.Train, other) {
			t.Fatalf("row %d, which is not trained on, is mixed into row %d", other, row)
		}
	}
	if len(partners) < 10 {
		t.Errorf("only %d rows are mixed into 30", len(partners))
	}
}

func TestGoalsAreMixedLikeTheirRows(t *testing.T) {
	m := &mixing{draw: augment.NewMixup(0.5), key: augment.Key{Seed: 1}, rows: []int{0, 1, 2, 3}}
	rows := []int{3, 0, 2}
	classes := &Target{Kind: trial.Classification, Outputs: 3, Labels: []int32{2, 0, 1, 1}}
	numbers := &Target{Kind: trial.Regression, Outputs: 1, Numbers: []float64{10, 20, 30, 50}, Mean: 20, Std: 10}
	marks := &Target{Kind: trial.MultiLabel, Outputs: 2, Marks: []bool{true, false, true, true, false, false, false, true}}
	var c, n, l goal
	m.blend(classes, rows, classes.goal(rows, &c))
	m.blend(numbers, rows, numbers.goal(rows, &n))
	m.blend(marks, rows, marks.goal(rows, &l))
	if len(c.probs) != 9 || len(n.probs)+len(l.probs) > 0 || !slices.Equal(c.labels, []int32{1, 2, 1}) {
		t.Fatalf("%+v, %+v, %+v", c, n, l)
	}
	for i, row := range rows {
		other, share := m.of(row)
		want := make([]float32, 3)
		want[classes.Labels[row]] += float32(share)
		want[classes.Labels[other]] += float32(1 - share)
		if got := c.probs[3*i : 3*i+3]; !slices.Equal(got, want) {
			t.Errorf("row %d with %d by %v: probabilities %v, expected %v", row, other, share, got, want)
		}
		for out := range 2 {
			want := share*float64(marks.value(row, out)) + (1-share)*float64(marks.value(other, out))
			if math.Abs(float64(l.values[2*i+out])-want) > 1e-6 {
				t.Errorf("row %d: label %d %v, expected %v", row, out, l.values[2*i+out], want)
			}
		}
		if want := share*float64(numbers.value(row, 0)) + (1-share)*float64(numbers.value(other, 0)); math.Abs(float64(n.values[i])-want) > 1e-6 {
			t.Errorf("row %d: number %v, expected %v", row, n.values[i], want)
		}
	}
}

func TestLearnsFromMixedImages(t *testing.T) {
	job := digits(t, 200, p("lr", 3e-3), p("augment_mixup", 0.2), p("augment_color", 0.1), p("augment_cutout", int64(3)))
	curve := epochs(t, start(t, job), job.Epochs)
	plain := epochs(t, start(t, digits(t, 200, p("lr", 3e-3))), job.Epochs)
	if a := value(t, curve[job.Epochs-1], "val_accuracy"); a < 0.6 {
		t.Errorf("validation accuracy %v", a)
	}
	if mixed, alone := value(t, curve[job.Epochs-1], "train_loss"), value(t, plain[job.Epochs-1], "train_loss"); mixed < alone+0.1 {
		t.Errorf("training loss %v with mixed images, %v without: they should be harder", mixed, alone)
	}
}

func TestLearnsFromTextsWithHoles(t *testing.T) {
	params := []trial.Param{p("lr", 5e-3), p("batch_size", int64(8)), p("hidden_dropout", 0.0), p("attention_dropout", 0.0)}
	holes := append(slices.Clone(params), p("augment_mask", 0.15), p("augment_drop", 0.15))
	job := sentences(t, 120, holes...)
	job.Epochs = 8
	curve := epochs(t, start(t, job), job.Epochs)
	if a := value(t, curve[job.Epochs-1], "val_accuracy"); a < 0.8 {
		t.Errorf("validation accuracy %v", a)
	}
	again := sentences(t, 120, holes...)
	again.Epochs = 8
	if b := epochs(t, start(t, again), 2); !reflect.DeepEqual(curve[:2], b) {
		t.Errorf("the same job gave %v and %v", curve[:2], b)
	}
	plain := sentences(t, 120, params...)
	plain.Epochs = 8
	if c := epochs(t, start(t, plain), 1); reflect.DeepEqual(curve[:1], c) {
		t.Error("holes made no difference")
	}
}

func TestChangedTextsAreNotCached(t *testing.T) {
	l := start(t, sentences(t, 40, p("freeze.strategy", "head_only"), p("augment_drop", 0.2)))
	if err := l.enter(1); err != nil {
		t.Fatal(err)
	}
	if _, ok := l.stage.inputs.(*packed); !ok || l.stage.augmented == nil {
		t.Errorf("training reads %T", l.stage.inputs)
	}
	if _, ok := l.stage.valid.(*packed); ok {
		t.Error("validation reads texts, though frozen layers could be cached")
	}
}

// A tokenizer without a mask token leaves nothing to mask with.
func TestMaskingNeedsAMask(t *testing.T) {
	cut, err := tokenizer.Load("../tokenizer/testdata/gpt2")
	if err != nil {
		t.Fatal(err)
	}
	table := &data.Table{Kind: trial.Classification, Texts: []string{"a b"}}
	tokens, err := table.Tokens(cut, 8)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := newChangedTexts(tokens, augment.TextConfig{Mask: 0.1}); err == nil || !strings.Contains(err.Error(), "augment_mask") {
		t.Errorf("masking: error %v", err)
	}
	if _, err := newChangedTexts(tokens, augment.TextConfig{Drop: 0.1}); err != nil {
		t.Errorf("dropping: %v", err)
	}
}
