package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// withoutProtections builds the program without each of the named protections and does the faults that must be found then, or those of them that
// are chosen by name.
func (o options) withoutProtections(ctx context.Context, dir string) (bool, error) {
	ok, known := true, false
	names := strings.Split(o.only, ",")
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
			if !p.concerns(f) || o.only != "" && !slices.Contains(names, f.name) {
				continue
			}
			found, err := o.search(ctx, f, program, home)
			if err != nil {
				return false, err
			}
			switch fine := f.number == 0; {
			case fine && found != "":
				found = "IT FAILS UNDISTURBED: " + found
				ok = false
			case fine:
				continue
			case found == "":
				found = "NOTHING IS FOUND"
				ok = false
			}
			fmt.Printf("%-22s %-22s %s\n", p.name, f.name, strings.SplitN(found, "\n", 2)[0])
		}
	}
	if !known {
		return false, fmt.Errorf("there is no protection %q: see -list", o.without)
	}
	return ok, nil
}

// search does a fault with one seed after the other until something is found, and returns what that is.
func (o options) search(ctx context.Context, f fault, program, home string) (found string, err error) {
	for s := range o.seeds {
		out := o.run(ctx, f, program, filepath.Join(home, fmt.Sprintf("%s-%d", f.name, s)), o.seed+uint64(s))
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		if problems := out.verdict.Problems(); len(problems) > 0 {
			return problems[0], nil
		}
		if out.failed != nil {
			return out.failed.Error(), nil
		}
	}
	return "", nil
}

// concerns tells whether a fault is done without a protection: those that must be found, and none at all, by which nothing may be found.
func (p protection) concerns(f fault) bool { return f.number == 0 || slices.Contains(p.faults, f.name) }

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
