package runner

import (
	"os/exec"
	"slices"
	"testing"

	"automl/trial"
)

// shellTrainer is a trainer without a client: what it prints are its reports.
const shellTrainer = `
i=0
while [ $i -lt 100 ]; do
	i=$((i + 1))
	echo "epoch $i of some training"
	echo "automl: {\"epoch\": $i, \"acc\": 0.$i, \"loss\": NaN}"
done
exec sleep 1000
`

func TestShellTrainerIsStopped(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(_ *Config, q *fakeQueue) { q.reply = verbAt(at(0, 2), trial.Pause) })
	a := order(1, at(0, 0), at(0, 2))
	a.Trainer.Command = []string{"/bin/sh", "-c", shellTrainer}
	reports, exit := b.attempt(a)
	if exit.Failure != "" || !slices.Equal(epochs(reports), []trial.Resource{at(0, 1), at(0, 2)}) {
		t.Errorf("ended with %+v after %v", exit, epochs(reports))
	}
	if acc, _ := reports[1].Metrics.Get("acc"); acc != 0.2 {
		t.Errorf("reported %+v", reports[1])
	}
}

// argvTrainer reads what it is to do from its arguments.
const argvTrainer = `
for arg; do echo "argument $arg"; done
echo "automl: {\"epoch\": $2, \"acc\": $1}"
`

func TestArgumentsOfACommand(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(*Config, *fakeQueue) {})
	a := order(1, at(0, 0), at(0, 2))
	a.Params = trial.Params{{Name: "lr", Value: 0.25}}
	a.Trainer.Command = []string{"/bin/sh", "-c", argvTrainer, "train.sh", "${lr}", "${to}", "--momentum=${momentum}"}
	reports, exit := b.attempt(a)
	if exit.Failure != "" || len(reports) != 1 || reports[0].Epoch != 2 {
		t.Fatalf("ended with %+v after %v", exit, epochs(reports))
	}
	if acc, _ := reports[0].Metrics.Get("acc"); acc != 0.25 {
		t.Errorf("reported %+v", reports[0])
	}
}

// pythonTrainer speaks the protocol with nothing but the standard library.
const pythonTrainer = `
import json, os, socket
work = json.load(open(os.environ["AUTOML_ASSIGNMENT"]))
sock = socket.socket(socket.AF_UNIX)
sock.connect(os.environ["AUTOML_SOCKET"])
lines = sock.makefile("rw")

def say(message, answered=True):
    lines.write(json.dumps(message) + "\n")
    lines.flush()
    return json.loads(lines.readline()) if answered else None

start = 0
if work.get("checkpoint_in"):
    start = int(open(work["checkpoint_in"] + "/epoch").read())
assert start == work["from"]["epoch"], (start, work["from"])
for epoch in range(start + 1, work["to"]["epoch"] + 1):
    say({"progress": {"epoch": epoch, "step": 1, "steps": 2}}, answered=False)
    metrics = {"acc": epoch / 10, "loss": float("nan"), "lr": work["params"]["lr"]}
    decision = say({"report": {"fold": work["fold"], "epoch": epoch, "metrics": metrics}})["decision"]
    if decision == "stop":
        break
    with open(work["checkpoint_out"] + "/epoch", "w") as f:
        f.write(str(epoch))
    assert say({"checkpoint": {"epoch": epoch}}) == {"checkpoint": {"epoch": epoch}}
    assert os.listdir(work["checkpoint_out"]) == []
    if decision == "pause":
        break
`

func TestPythonTrainer(t *testing.T) {
	t.Parallel()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("there is no python3")
	}
	b := newBench(t, func(_ *Config, q *fakeQueue) { q.reply = verbAt(at(0, 2), trial.Pause) })
	a := order(1, at(0, 0), at(0, 3))
	a.Params = trial.Params{{Name: "lr", Value: 0.25}}
	a.Trainer.Command = []string{python, "-c", pythonTrainer}
	if reports, exit := b.attempt(a); exit.Failure != "" || len(reports) != 2 {
		t.Fatalf("paused with %+v after %v", exit, epochs(reports))
	}
	a.Attempt, a.From, a.To = 2, at(0, 2), at(1, 3)
	reports, exit := b.attempt(a)
	if exit.Failure != "" || !slices.Equal(epochs(reports), []trial.Resource{at(0, 3), at(1, 1), at(1, 2), at(1, 3)}) {
		t.Errorf("ended with %+v after %v", exit, epochs(reports))
	}
	if lr, _ := reports[0].Metrics.Get("lr"); lr != 0.25 {
		t.Errorf("reported %+v", reports[0])
	}
}
