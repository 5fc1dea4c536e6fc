package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

func main() {
	worker := flag.String("worker", "", "run as a worker for this job (used by the program itself)")
	workerThreads := flag.Int("threads", 1, "threads of a worker")
	python := flag.String("python", "python3", "interpreter with torch, transformers and safetensors")
	script := flag.String("script", "bench/finetune/steps.py", "PyTorch's side")
	models := flag.String("models", "../shared/data", "folder with minilm and resnet8_cifar10")
	random := flag.String("random", "", "folder that models.py has made; nothing: without its networks")
	rounds := flag.Int("rounds", 12, "steps of each side that count")
	starts := flag.Int("starts", 3, "processes of each side started for the time to the first step")
	counts := flag.String("counts", "1,2", "numbers of threads")
	only := flag.String("only", "", "measure jobs whose name contains this")
	docs := flag.String("docs", "", "document whose table takes the rows, too, such as docs/finetune.md")
	flag.Parse()
	var err error
	if *worker != "" {
		var j job
		if err = json.Unmarshal([]byte(*worker), &j); err == nil {
			err = work(j, *workerThreads)
		}
	} else {
		m := measurement{python: *python, script: *script, rounds: *rounds, starts: *starts, done: map[string]figures{}}
		err = m.all(jobs(*models, *random), strings.Split(*counts, ","), *only)
		if *docs != "" {
			err = errors.Join(err, keep(*docs, m.rows))
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "finetune:", err)
		os.Exit(1)
	}
}

// measurement is one comparison.
type measurement struct {
	python, script string
	rounds, starts int
	done           map[string]figures // by job and threads
	rows           []string
}

// side is what was measured of one side of a job: medians in seconds, and bytes.
type side struct{ wall, cpu, first, peak float64 }

type figures struct{ ours, torch side }

func (m *measurement) all(jobs []job, counts []string, only string) error {
	fmt.Println(strings.Join(header, "\n"))
	for _, count := range counts {
		threads, err := strconv.Atoi(count)
		if err != nil {
			return err
		}
		for _, j := range jobs {
			if !strings.Contains(j.name(), only) {
				continue
			}
			f, err := m.compare(j, threads)
			if err != nil {
				return fmt.Errorf("%s: %w", j.name(), err)
			}
			m.done[j.name()+" "+count] = f
			m.print(row(j.name(), threads, f.ours, f.torch))
			if frozen, ok := m.done["frozen"+strings.TrimPrefix(j.name(), "cached")+" "+count]; ok && j.Kind == "cached" {
				m.print(row(strings.Replace(j.name(), "cached", "cached/frozen", 1), threads, f.ours, frozen.torch))
			}
		}
	}
	return nil
}

func (m *measurement) print(row string) {
	fmt.Println(row)
	m.rows = append(m.rows, row)
}

func row(name string, threads int, ours, torch side) string {
	return fmt.Sprintf("| %s | %d | %.1f | %.1f | %.2f | %.2f | %.2f | %.2f |", name, threads, 1000*ours.wall, 1000*torch.wall,
		ours.wall/torch.wall, ours.cpu/torch.cpu, ours.first/torch.first, ours.peak/torch.peak)
}

// compare measures one job: starts first, the last of which goes on with the steps in turns.
func (m *measurement) compare(j job, threads int) (f figures, err error) {
	pythons, sides := []string{"", m.python}, []*side{&f.ours, &f.torch}
	var running [2]*child
	var first, wall, cpu [2][]float64
	defer func() {
		for _, c := range running {
			if c != nil {
				c.stop()
			}
		}
	}()
	for range m.starts {
		for i, python := range pythons {
			if running[i] != nil {
				running[i].stop()
			}
			if running[i], err = start(j, threads, python, m.script); err != nil {
				return f, err
			}
			if _, _, err := running[i].step(); err != nil {
				return f, err
			}
			first[i] = append(first[i], time.Since(running[i].started).Seconds())
		}
	}
	for range max(1, m.rounds/counted) {
		for i, c := range running {
			time.Sleep(rest)
			for step := range 1 + counted {
				w, p, err := c.step()
				if err != nil {
					return f, err
				}
				if step > 0 {
					wall[i], cpu[i] = append(wall[i], w), append(cpu[i], p)
				}
			}
		}
	}
	for i, s := range sides {
		*s = side{wall: median(wall[i]), cpu: median(cpu[i]), first: median(first[i])}
		if s.peak, err = running[i].peak(); err != nil {
			return f, err
		}
	}
	return f, nil
}

// A turn is a rest and some steps, as in training one after the other, of which the first does not count: in it threads wake up and
// find cores, and caches fill. Without the rest the other side would begin with less than all cores, since after a step PyTorch's
// threads look for work for some 5 milliseconds, ours for half of one.
const (
	rest    = 20 * time.Millisecond
	counted = 3
)

func median(x []float64) float64 {
	slices.Sort(x)
	n := len(x)
	return (x[(n-1)/2] + x[n/2]) / 2
}
