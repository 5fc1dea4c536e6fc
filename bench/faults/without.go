package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// withoutProtections builds the program without each of the named protections and does the faults that must be found then.
func (o options) withoutProtections(ctx context.Context, dir string) (bool, error) {
	ok, known := true, false
	for _, p := range protections {
		if o.without != "all" && !strings.Contains(","+o.without+",", ","+p.name+",") {
			continue
		}
		known = true
		home := filepath.Join(dir, p.name)
		program := filepath.Join(home, "automl")
		if err := os.MkdirAll(home, 0o700); err != nil {
			return false, err
		}
		if _, err := buildShim(home); err != nil {
			return false, err
		}
		if err := p.build(home, program); err != nil {
			return false, fmt.Errorf("without %s: %w", p.name, err)
		}
		for _, f := range faults {
			if !p.concerns(f) {
				continue
			}
			found := ""
			for s := range o.seeds {
				out := o.run(ctx, f, program, filepath.Join(home, fmt.Sprintf("%s-%d", f.name, s)), o.seed+uint64(s))
				if problems := out.verdict.Problems(); len(problems) > 0 {
					found = problems[0]
				} else if out.failed != nil {
					found = out.failed.Error()
				}
				if ctx.Err() != nil {
					return false, ctx.Err()
				}
				if found != "" {
					break
				}
			}
			if found == "" {
				ok = false
				found = "NOTHING IS FOUND"
			}
			fmt.Printf("%-22s %-22s %s\n", p.name, f.name, strings.SplitN(found, "\n", 2)[0])
		}
	}
	if !known {
		return false, fmt.Errorf("there is no protection %q: see -list", o.without)
	}
	return ok, nil
}

func (p protection) concerns(f fault) bool {
	for _, name := range p.faults {
		if name == f.name {
			return true
		}
	}
	return false
}

// build makes the program without the protection.
func (p protection) build(dir, program string) error {
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	replaced := map[string]string{}
	for _, e := range p.edits {
		path := filepath.Join(root, filepath.FromSlash(e.file))
		changed, again := replaced[path]
		if !again {
			changed = filepath.Join(dir, fmt.Sprintf("changed%d.go", len(replaced)))
			replaced[path] = changed
		}
		from := path
		if again {
			from = changed
		}
		source, err := os.ReadFile(from)
		if err != nil {
			return err
		}
		if n := strings.Count(string(source), e.old); n != 1 {
			return fmt.Errorf("%s has what is to be changed %d times", e.file, n)
		}
		if err := os.WriteFile(changed, []byte(strings.Replace(string(source), e.old, e.new, 1)), 0o600); err != nil {
			return err
		}
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replaced})
	if err != nil {
		return err
	}
	file := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(file, overlay, 0o600); err != nil {
		return err
	}
	return build(program, "-overlay", file, "-ldflags", "-s -w")
}
