package main

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"automl/trial"
)

// regression is a training that goes on from its checkpoints to the same bits: stochastic gradient descent with momentum, whose random
// generator is part of its state.
const regression = `
import json, random, time
import automl

trial = automl.trial()
draw = random.Random(4)
rows = [[draw.gauss(0, 1) for _ in range(6)] for _ in range(80)]
target = [sum(row[:3]) + draw.gauss(0, 0.1) for row in rows]
train, valid = trial.split(n=len(rows))
lr, momentum = trial.params["lr"], trial.params["momentum"]
shuffle = random.Random(f"{trial.seed} {trial.number} {trial.fold}")
w, v = [0.0] * 6, [0.0] * 6

def save(folder):
    (folder / "state.json").write_text(json.dumps([w, v, shuffle.getstate()]))

def load(folder):
    global w, v
    w, v, (version, words, gauss) = json.loads((folder / "state.json").read_text())
    shuffle.setstate((version, tuple(words), gauss))

def error(i):
    return sum(a * b for a, b in zip(w, rows[i])) - target[i]

for epoch in range(trial.resume(load) + 1, trial.epochs + 1):
    order = train[:]
    shuffle.shuffle(order)
    for i in order:
        e = error(i)
        v = [momentum * a - lr * e * b for a, b in zip(v, rows[i])]
        w = [a + b for a, b in zip(w, v)]
    time.sleep(0.03)
    trial.report(epoch=epoch, loss=sum(error(i) ** 2 for i in valid) / len(valid))
    trial.checkpoint(save)
    if trial.should_prune():
        break
`

// torchRegression is one in PyTorch, with dropout and a learning-rate schedule: what goes on is what automl.pytorch.State keeps.
const torchRegression = `
import torch
import automl
from automl.pytorch import State

trial = automl.trial()
torch.set_num_threads(1)
draw = torch.Generator().manual_seed(4)
rows = torch.randn(2000, 6, generator=draw)
target = rows[:, :3].sum(1, keepdim=True) + 0.1 * torch.randn(2000, 1, generator=draw)
train, valid = trial.split(n=len(rows))
torch.manual_seed(100 * trial.seed + 10 * trial.number + trial.fold)
model = torch.nn.Sequential(torch.nn.Linear(6, 32), torch.nn.ReLU(), torch.nn.Dropout(0.2), torch.nn.Linear(32, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=trial.params["lr"], momentum=trial.params["momentum"])
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=trial.epochs)
state = State(model=model, optimizer=optimizer, scheduler=scheduler)

for epoch in range(trial.resume(state.load) + 1, trial.epochs + 1):
    model.train()
    for part in torch.tensor(train)[torch.randperm(len(train))].split(16):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(model(rows[part]), target[part]).backward()
        optimizer.step()
    scheduler.step()
    model.eval()
    with torch.no_grad():
        loss = torch.nn.functional.mse_loss(model(rows[valid]), target[valid])
    trial.report(epoch=epoch, loss=loss)
    trial.checkpoint(state.save)
    if trial.should_prune():
        break
`

// pythonSite is a sweep of one of the scripts above. resident: its trainers are forks.
func pythonSite(t *testing.T, script string, resident bool) *site {
	t.Helper()
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("there is no python3")
	}
	client, err := filepath.Abs("../../python/src")
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t, "", "")
	sweep := fmt.Sprintf(`name: e2e
objective: {metric: loss, goal: minimize}
parameters: {lr: {type: float, low: 1e-3, high: 3e-2, log: true}, momentum: {type: float, low: 0, high: 0.9}}
folds: {k: 3, race: false}
epochs: 5
workers: 2
sampler: random
scheduler: fifo
budget: {trials: 4}
seed: 11
trainer: {type: command, command: [python3, train.py], env: {PYTHONPATH: %q}, resident: %v}
`, client, resident)
	for path, text := range map[string]string{s.sweep: sweep, filepath.Join(filepath.Dir(s.sweep), "train.py"): script} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// curves is every value on record, and what each trial is worth.
func (s *site) curves() []string {
	s.t.Helper()
	db, err := sql.Open("sqlite3", "file:"+filepath.Join(s.dir, "automl.db")+"?mode=ro")
	if err != nil {
		s.t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query(`SELECT printf('trial %d fold %d epoch %d: %s %.17g', trial, fold, epoch, metric, value) FROM curves_v
		UNION ALL SELECT printf('trial %d is worth %.17g, %s', number, value, state) FROM trials_v ORDER BY 1`)
	if err != nil {
		s.t.Fatal(err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			s.t.Fatal(err)
		}
		out = append(out, line)
	}
	return out
}

// processes are those of the site's program with all words in their command line, or, for its trainers, of which the work file lies below the
// data directory.
func (s *site) processes(word string) (pids []int) {
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range files {
		command, _ := os.ReadFile(file)
		env, _ := os.ReadFile(filepath.Join(filepath.Dir(file), "environ"))
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		switch mark := "AUTOML_ASSIGNMENT=" + s.dir; {
		case word == "trainer" && strings.Contains(string(env), mark) && strings.Contains(string(env), "work.json"),
			word == "runner" && strings.Contains(string(command), "runner") && strings.Contains(string(command), s.dir):
			pids = append(pids, pid)
		}
	}
	return pids
}

// Whoever is killed with SIGKILL in the midst of a sweep of a Python script, at moments that a seed draws: trainers go on from their
// checkpoints, and the sweep ends with the numbers of one that nobody disturbed, to the last bit. With PyTorch where python3 has it, as
// in ./check frameworks.
func TestKilledPythonTrainers(t *testing.T) {
	for _, resident := range []bool{false, true} {
		t.Run(fmt.Sprint("resident=", resident), func(t *testing.T) { killedPython(t, regression, resident) })
		t.Run(fmt.Sprint("torch,resident=", resident), func(t *testing.T) {
			if exec.Command("python3", "-c", "import importlib.util as u; exit(u.find_spec('torch') is None)").Run() != nil {
				t.Skip("python3 has no PyTorch")
			}
			killedPython(t, torchRegression, resident)
		})
	}
}

func killedPython(t *testing.T, script string, resident bool) {
	t.Helper()
	calm := pythonSite(t, script, resident)
	calm.ok("run", calm.sweep)
	want := calm.curves()
	if len(want) != 4*3*5+4 {
		t.Fatalf("undisturbed it has %d values:\n%s", len(want), strings.Join(want, "\n"))
	}
	s := pythonSite(t, script, resident)
	draw := rand.New(rand.NewPCG(5, 6))
	run := s.start(s.dir, "run", s.sweep)
	for i, victim := range []string{"trainer", "all", "runner", "all"} { // no trial fails three times: one that ended with its daemon has not
		n := 3 + 11*i
		until(t, fmt.Sprint(n, " reports"), func() bool { return s.reports() >= n })
		time.Sleep(time.Duration(draw.IntN(80)) * time.Millisecond) // the moment within the epoch
		run = s.murder(run, victim, draw)
	}
	until(t, "the end", func() bool { st, _ := s.state(); return st.Status.Over() })
	if err := run.Wait(); err != nil {
		t.Error(err)
	}
	if got := s.curves(); !reflect.DeepEqual(got, want) {
		t.Errorf("disturbed it has\n%s\nundisturbed\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	s.killedAndResumed()
}

// murder kills one trainer, the runner, or everything, which is then started again.
func (s *site) murder(run *exec.Cmd, victim string, draw *rand.Rand) *exec.Cmd {
	s.t.Helper()
	if victim == "all" {
		_ = syscall.Kill(-run.Process.Pid, syscall.SIGKILL)
		for _, pid := range append(s.processes("runner"), s.processes("trainer")...) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		_ = run.Wait()
		until(s.t, "the runner's end", func() bool { return !alive(s.dir) })
		return s.start(s.dir, "run", s.sweep)
	}
	until(s.t, "the death of a "+victim, func() bool {
		pids := s.processes(victim)
		return len(pids) > 0 && killAtWork(pids[draw.IntN(len(pids))])
	})
	return run
}

// killAtWork kills a process, and tells whether that was its end: one that had just ended cannot be stopped.
func killAtWork(pid int) (killed bool) {
	if syscall.Kill(pid, syscall.SIGSTOP) != nil {
		return false
	}
	defer func() { _ = syscall.Kill(pid, syscall.SIGKILL) }()
	for {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		switch _, state, _ := strings.Cut(string(stat), ") "); {
		case err != nil || strings.HasPrefix(state, "Z") || strings.HasPrefix(state, "X"):
			return false
		case strings.HasPrefix(state, "T"):
			return true
		}
		time.Sleep(time.Millisecond)
	}
}

// killedAndResumed holds the record to having seen both kinds of death, and a trial that went on from within a fold.
func (s *site) killedAndResumed() {
	s.t.Helper()
	_, events := s.state()
	seen, resumed := map[trial.Failure]bool{}, false
	for _, e := range events {
		if d := e.Decision; d != nil && d.What == trial.Retried {
			seen[d.Failure] = true
		} else if d != nil && d.What == trial.Assigned && d.Attempt > 1 && d.At.Epoch > 0 {
			resumed = true
		}
	}
	if !seen[trial.Signal] || !seen[trial.Lost] && !seen[trial.Aborted] || !resumed {
		s.t.Errorf("failures %v, resumed within a fold: %v", seen, resumed)
	}
}
