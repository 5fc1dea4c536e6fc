package configs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"automl/schedulers"
	"automl/trial"
)

// The defaults.
const (
	defaultFolds  = 5 // of the built-in trainer
	defaultTrials = 100
	defaultSeed   = 1
	defaultTop    = 3
	defaultSeeds  = 1
	defaultWhite  = 255
)

// fill writes the defaults into a document, so that the canonical form says everything a study is made of.
func (d *document) fill(name string) {
	if d.Name == "" {
		d.Name = name
	}
	for i := range d.Objective {
		o := &d.Objective[i]
		o.Folds = orDefault(o.Folds, trial.Mean)
	}
	d.fillLadder()
	d.fillMethods()
	if d.Seed == nil {
		d.Seed = ref[uint64](defaultSeed)
	}
	if d.Resources == nil {
		d.Resources = &resourcesDoc{}
	}
	if d.Resources.GPUs == nil {
		d.Resources.GPUs = ref(0)
		if d.Resources.Fraction > 0 {
			*d.Resources.GPUs = 1
		}
	}
	if d.Confirm != nil {
		d.Confirm.Top = orDefault(d.Confirm.Top, defaultTop)
		d.Confirm.Seeds = orDefault(d.Confirm.Seeds, defaultSeeds)
	}
	if b, ok := d.Trainer.body.(*builtinDoc); ok {
		b.fill()
		if b.Probe == nil && b.pretrained() {
			b.Probe = ref(d.roomForProbe())
		}
	}
}

// roomForProbe reports whether the budget of trials has one for the probe, besides those that are to run first and at least one other.
func (d *document) roomForProbe() bool {
	trials := d.budget().Trials
	return trials == 0 || trials > max(1, len(d.Enqueue))
}

// fill writes the defaults of the data section.
func (b *builtinDoc) fill() {
	if im := b.Data.Image; im != nil && im.Pixels != "" {
		im.Channels = orDefault(im.Channels, 1)
		im.Max = orDefault(im.Max, defaultWhite)
	}
	if trial.TableRows.HasTask(b.Task) && b.Data.Table == nil {
		b.Data.Table = &tableDoc{}
	}
}

func ref[T any](v T) *T { return &v }

func orDefault[T comparable](v, missing T) T {
	var zero T
	if v == zero {
		return missing
	}
	return v
}

func (d *document) fillLadder() {
	b, builtin := d.Trainer.body.(*builtinDoc)
	apart := builtin && b.Data.Valid != "" // validated on another file
	if d.Folds == nil {
		d.Folds = &foldsDoc{K: 1}
		if builtin && !apart {
			d.Folds.K = defaultFolds
		}
	}
	if d.Folds.Split == "" {
		d.Folds.Split = trial.Plain
		switch {
		case apart:
			d.Folds.Split = trial.Fixed
		case builtin || d.Folds.Column != "":
			d.Folds.Split = trial.Stratified
		}
	}
	d.fillRace()
	if d.Epochs.Grace == 0 {
		d.Epochs.Grace = min(schedulers.DefaultGrace, d.Epochs.Max)
	}
}

func (d *document) fillMethods() {
	if d.Sampler == nil {
		d.Sampler = &samplerDoc{Type: "auto"}
	}
	if d.Scheduler == nil {
		d.Scheduler = &schedulerDoc{Type: schedulers.Auto}
	}
	if d.Budget == nil && !d.external() { // whoever asks knows when to stop asking
		d.Budget = &budgetDoc{Trials: defaultTrials}
	}
}

// budget is the limits there are; the zero value is none.
func (d *document) budget() budgetDoc {
	if d.Budget == nil {
		return budgetDoc{}
	}
	return *d.Budget
}

func (d *document) external() bool {
	_, yes := d.Trainer.body.(*externalDoc)
	return yes
}

var noName = regexp.MustCompile(`[^A-Za-z0-9_.-]+`)

// nameOf is the name of a study whose file gives none: the base name of the file, without its extension and without
// characters that a name cannot have.
func nameOf(file string) string {
	base := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	name := strings.TrimLeft(noName.ReplaceAllString(base, "-"), "_.-")
	return name[:min(len(name), 100)]
}

// named reports whether a name is that of a sweep file, from which a study can take its own.
func named(file string) bool {
	return isYAML(file) || strings.EqualFold(filepath.Ext(file), ".json")
}

// isYAML reports whether a file says that it holds YAML.
func isYAML(file string) bool {
	ext := filepath.Ext(file)
	return strings.EqualFold(ext, ".yaml") || strings.EqualFold(ext, ".yml")
}

// pathRef is a path in the document.
type pathRef struct {
	key    string
	value  *string
	folder bool
	hint   string // for what is the other of file and folder
}

// paths are all paths of a document.
func (d *document) paths() []pathRef {
	switch t := d.Trainer.body.(type) {
	case *builtinDoc:
		var out []pathRef
		if !trial.TableRows.HasTask(t.Task) { // whose model is a word
			out = append(out, pathRef{key: "trainer.model", value: &t.Model, folder: true})
		}
		folder, hint := t.folders() && t.Data.Label == "", ""
		if folder {
			hint = "a folder with a folder of images for each class, or a file and the keys label and image"
		}
		return append(out, pathRef{"trainer.data.train", &t.Data.Train, folder, hint}, pathRef{"trainer.data.validation", &t.Data.Valid, folder, hint},
			pathRef{"trainer.data.test", &t.Data.Test, folder, hint})
	case *commandDoc:
		return []pathRef{{key: "trainer.workdir", value: &t.Workdir, folder: true}}
	}
	return nil
}

// resolvePaths makes the paths absolute against the folder of the file. Without a folder a relative path is an error: a
// document that came over the network has none.
func (c *checker) resolvePaths(dir string) {
	if t, ok := c.doc.Trainer.body.(*commandDoc); ok && t.Workdir == "" && dir != "" {
		t.Workdir = dir
	}
	for _, p := range c.doc.paths() {
		switch {
		case *p.value == "":
		case strings.ContainsRune(*p.value, 0):
			c.wrong(p.key, "holds a zero byte")
		case filepath.IsAbs(*p.value):
			*p.value = filepath.Clean(*p.value)
		case dir == "":
			c.wrong(p.key, "%q is relative, and there is no folder it could be relative to", shorten(*p.value)).
				withHint("give an absolute path, or submit the file with the command line")
		default:
			*p.value = filepath.Join(dir, *p.value)
		}
	}
}

// checkFiles records the files and folders that are not there.
func (c *checker) checkFiles() {
	for _, p := range c.doc.paths() {
		if *p.value == "" || !filepath.IsAbs(*p.value) {
			continue
		}
		what := "file"
		if p.folder {
			what = "folder"
		}
		info, err := os.Stat(*p.value)
		switch {
		case os.IsNotExist(err):
			e := c.wrong(p.key, "there is no %s %s", what, *p.value)
			if p.key == "trainer.model" {
				e.withHint("a model is a local folder with config.json and model.safetensors; nothing is downloaded")
			}
		case err != nil:
			c.wrong(p.key, "%s: %s", *p.value, cause(err))
		case info.IsDir() != p.folder:
			c.wrong(p.key, "%s is not a %s", *p.value, what).Hint = p.hint
		}
	}
}

// cause is a file system error without the operation and the path.
func cause(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}
