package train

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"automl/runner/finetune/optim"
	"automl/trial"
)

// A run that is saved after an epoch and goes on from the checkpoint in a new network equals one that never stopped, to the
// bit, also where blocks thaw in between.
func TestResumeIsExactToTheBit(t *testing.T) {
	for name, params := range map[string][]trial.Param{
		"gradual adamw": {p("freeze.strategy", "gradual"), p("freeze.depth", 0.5), p("freeze.layer_decay", 0.5), p("dropout", 0.2),
			p("weight_decay", 0.01), p("warmup", 0.3)},
		"mixed and coloured": {p("augment_mixup", 0.4), p("augment_color", 0.2), p("augment_cutout", int64(4)), p("lr", 1e-3)},
		"lp_ft sgd augmented": {p("freeze.strategy", "lp_ft"), p("freeze.unfreeze_every", int64(2)), p("optimizer", "sgd"), p("lr", 1e-3),
			p("augment_shift", 1.0), p("augment_rotation", 5.0), p("clip_norm", 1.0)},
		"gradual lion averaged": {p("freeze.strategy", "gradual"), p("optimizer", "lion"), p("lr", 1e-4), p("ema_decay", 0.9), p("weight_decay", 0.1)},
		"gradual adafactor averaged": {p("freeze.strategy", "gradual"), p("optimizer", "adafactor"), p("ema_decay", 0.9), p("clip_norm", 1.0),
			p("head_lr", 0.01)},
		"full adamw": {p("early_stopping", int64(3)), p("lr_schedule", "linear")},
	} {
		t.Run(name, func(t *testing.T) {
			params = append(params, p("batch_size", int64(16)))
			whole := digits(t, 60, params...)
			want := epochs(t, start(t, whole), 4)
			for cut := 1; cut < 4; cut++ {
				dir := t.TempDir()
				first := start(t, digits(t, 60, params...))
				got := epochs(t, first, cut)
				if err := first.Save(dir); err != nil {
					t.Fatal(err)
				}
				job := digits(t, 60, params...)
				job.Net.ReplaceHead(job.Target.Outputs, 99) // what a resumed loop begins with must not matter
				second := start(t, job)
				if err := second.Resume(dir); err != nil {
					t.Fatal(err)
				}
				if !reflect.DeepEqual(second.stop, first.stop) {
					t.Errorf("early stopping stood at %+v, goes on from %+v", first.stop, second.stop)
				}
				got = append(got, epochs(t, second, 4)...)
				if !reflect.DeepEqual(got, want) {
					t.Errorf("cut after epoch %d: metrics\n%v, want\n%v", cut, got, want)
				}
				if names, _ := differing(job.Net, snapshot(whole.Net)); len(names) > 0 {
					t.Errorf("cut after epoch %d: tensors %v differ", cut, names)
				}
			}
		})
	}
}

func TestResumeRefusesWhatIsNotItsOwn(t *testing.T) {
	dir := t.TempDir()
	l := start(t, digits(t, 40, p("freeze.strategy", "head_only")))
	epochs(t, l, 1)
	if err := l.Save(dir); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Job){
		"trial":   func(j *Job) { j.Trial = 7 },
		"fold":    func(j *Job) { j.Fold = 1 },
		"rows":    func(j *Job) { j.Train = j.Train[1:] },
		"options": func(j *Job) { j.Options.LR *= 2 },
	} {
		job := digits(t, 40, p("freeze.strategy", "head_only"))
		change(&job)
		if err := start(t, job).Resume(dir); err == nil || !strings.Contains(err.Error(), "another trial") {
			t.Errorf("another %s: %v", name, err)
		}
	}
	if err := start(t, digits(t, 40)).Resume(t.TempDir()); err == nil {
		t.Error("resumed from an empty folder")
	}
}

func TestResumeRefusesADamagedFile(t *testing.T) {
	dir := t.TempDir()
	l := start(t, digits(t, 40, p("freeze.strategy", "head_only")))
	epochs(t, l, 1)
	if err := l.Save(dir); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, checkpointFile)
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, damage := range [][]byte{whole[:len(whole)/2], whole[:4], nil, []byte(strings.Replace(string(whole), weightPrefix, "feight/", 1))} {
		if err := os.WriteFile(file, damage, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := start(t, digits(t, 40, p("freeze.strategy", "head_only"))).Resume(dir); err == nil {
			t.Errorf("resumed from %d damaged bytes", len(damage))
		}
	}
}

// averagedRun is a job whose blocks thaw one after the other while its weights are averaged.
func averagedRun(t *testing.T, kind optim.Kind) *Loop {
	return start(t, digits(t, 48, p("optimizer", string(kind)), p("lr", 1e-3), p("ema_decay", 0.9), p("freeze.strategy", "gradual"),
		p("nesterov", kind == optim.SGD), p("weight_decay", 0.01), p("batch_size", int64(12)), p("lr_schedule", "one_cycle")))
}

// Every optimizer goes on in another process, at whichever epoch it was paused, to the same bits of everything that is saved.
func TestResumeInAnotherProcess(t *testing.T) {
	const last = 4
	if dir := os.Getenv("AUTOML_RESUME"); dir != "" {
		l := averagedRun(t, optim.Kind(os.Getenv("AUTOML_OPTIMIZER")))
		if err := l.Resume(dir); err != nil {
			t.Fatal(err)
		}
		epochs(t, l, last)
		if err := l.Save(dir); err != nil {
			t.Fatal(err)
		}
		return
	}
	for _, kind := range optim.Kinds {
		whole := averagedRun(t, kind)
		paused := map[int]string{}
		for l := whole; l.Done() < last; {
			epochs(t, l, l.Done()+1)
			paused[l.Done()] = t.TempDir()
			if err := l.Save(paused[l.Done()]); err != nil {
				t.Fatal(err)
			}
		}
		want := saved(t, paused[last])
		for epoch := 1; epoch < last; epoch++ {
			child := exec.Command(os.Args[0], "-test.run=^TestResumeInAnotherProcess$")
			child.Env = append(os.Environ(), "AUTOML_RESUME="+paused[epoch], "AUTOML_OPTIMIZER="+string(kind))
			if out, err := child.CombinedOutput(); err != nil {
				t.Fatalf("%s from epoch %d: %v\n%s", kind, epoch, err, out)
			}
			if got := saved(t, paused[epoch]); !bytes.Equal(got, want) {
				t.Errorf("%s paused after epoch %d and resumed in another process leaves another checkpoint", kind, epoch)
			}
		}
	}
}

func saved(t *testing.T, dir string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, checkpointFile))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
