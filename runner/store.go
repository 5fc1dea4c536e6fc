package runner

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"automl/trial"
)

// keptCheckpoints is how many of the fold at work are kept: the newest, and one to go back to should the newest be broken. Where the
// daemon's receipts lag behind, the newest of an epoch that is on record is kept too: from there another attempt would go on.
const keptCheckpoints = 2

// store is the work directory.
type store string

func (s store) spools() string    { return filepath.Join(string(s), "spool") }
func (s store) scratches() string { return filepath.Join(string(s), "scratch") }

func (s store) scratch(k trial.Key, fold int) string {
	return filepath.Join(s.scratches(), fmt.Sprintf("%s-%d-%d-%d", k.Study, k.Trial, k.Attempt, fold))
}

func (s store) trial(study string, number int) string {
	return filepath.Join(string(s), "checkpoints", study, strconv.Itoa(number))
}

func (s store) artifact(study string, number int) string {
	return filepath.Join(string(s), "artifacts", study, fmt.Sprintf("trial%d", number))
}

// DropStudy removes the checkpoints of a study from a work directory in which no runner works.
func DropStudy(dir, study string) error {
	return trial.Wrap(trial.Storage, os.RemoveAll(filepath.Join(dir, "checkpoints", study)), "remove the checkpoints of study %s", study)
}

// LogPath is where a runner with the work directory dir keeps what the trainers of an attempt printed.
func LogPath(dir string, k trial.Key) string {
	return filepath.Join(dir, "logs", k.Study, fmt.Sprintf("trial%d", k.Trial), fmt.Sprintf("attempt%d.log", k.Attempt))
}

// prepare makes the folders and clears what trainers of an earlier run left behind.
func (s store) prepare() error {
	if err := os.RemoveAll(s.scratches()); err != nil {
		return err
	}
	return errors.Join(os.MkdirAll(s.spools(), 0o755), os.MkdirAll(s.scratches(), 0o700)) // sockets lie there
}

// checkpoint is a kept one.
type checkpoint struct {
	path        string
	fold, epoch int
}

// checkpoints lists those of a trial, newest first.
func (s store) checkpoints(study string, number int) []checkpoint {
	entries, _ := os.ReadDir(s.trial(study, number)) // none yet is the usual reason to fail
	var out []checkpoint
	for _, e := range entries {
		c := checkpoint{path: filepath.Join(s.trial(study, number), e.Name())}
		if n, _ := fmt.Sscanf(e.Name(), "fold%d-epoch%d", &c.fold, &c.epoch); n == 2 && e.IsDir() {
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b checkpoint) int {
		return cmp.Or(cmp.Compare(b.fold, a.fold), cmp.Compare(b.epoch, a.epoch))
	})
	return out
}

// trials are those that have checkpoints, in order.
func (s store) trials() []trial.Key {
	folders, _ := filepath.Glob(filepath.Join(string(s), "checkpoints", "*", "*")) // the pattern is none of bad syntax
	var out []trial.Key
	for _, f := range folders {
		if n, err := strconv.Atoi(filepath.Base(f)); err == nil {
			out = append(out, trial.Key{Study: filepath.Base(filepath.Dir(f)), Trial: n})
		}
	}
	return out
}

// newest is the newest checkpoint of a fold that is not beyond an epoch; the zero one where there is none.
func (s store) newest(study string, number, fold, epoch int) checkpoint {
	for _, c := range s.checkpoints(study, number) {
		if c.fold == fold && c.epoch <= epoch {
			return c
		}
	}
	return checkpoint{fold: fold}
}

// keep takes the content of a folder as the checkpoint of an epoch, and removes those that are now too old. recorded is the last epoch
// of the fold that is on record.
func (s store) keep(from, study string, number, fold, epoch, recorded int) error {
	to := filepath.Join(s.trial(study, number), fmt.Sprintf("fold%d-epoch%d", fold, epoch))
	if err := moveDir(from, to); err != nil {
		return fmt.Errorf("keep the checkpoint of epoch %d: %w", epoch, err)
	}
	kept, safe := 0, false
	return s.drop(study, number, func(c checkpoint) bool {
		if c.fold != fold || c.epoch > epoch { // one beyond is of an attempt that had got further
			return false
		}
		kept++
		wanted := kept <= keptCheckpoints || c.epoch <= recorded && !safe
		safe = safe || c.epoch <= recorded
		return !wanted
	})
}

// drop removes the checkpoints of a trial that are unwanted. It asks about the newest first.
func (s store) drop(study string, number int, unwanted func(checkpoint) bool) error {
	var errs []error
	for _, c := range s.checkpoints(study, number) {
		if unwanted(c) {
			errs = append(errs, os.RemoveAll(c.path))
		}
	}
	return errors.Join(errs...)
}

// size is how many bytes the checkpoints of a trial take, and when the newest was made.
func (s store) size(study string, number int) (bytes int64, made time.Time) {
	_ = filepath.WalkDir(s.trial(study, number), func(_ string, entry fs.DirEntry, err error) error {
		if err != nil {
			return nil // it is being removed
		}
		info, err := entry.Info()
		switch {
		case err != nil: // as above
		case entry.IsDir():
			if info.ModTime().After(made) {
				made = info.ModTime()
			}
		default:
			bytes += info.Size()
		}
		return nil
	})
	return bytes, made
}

// setAside moves all checkpoints of a trial where nobody finds them, and returns what removes them: that may take a while.
func (s store) setAside(study string, number int) (remove func() error, err error) {
	aside, err := os.MkdirTemp(s.scratches(), "dropped-")
	if err != nil {
		return nil, err
	}
	if err := os.Rename(s.trial(study, number), filepath.Join(aside, "checkpoints")); err != nil {
		return nil, errors.Join(err, os.Remove(aside))
	}
	_ = os.Remove(filepath.Dir(s.trial(study, number))) // the study's folder, when it is empty
	return func() error { return os.RemoveAll(aside) }, nil
}

// dropTrial removes all checkpoints of a trial.
func (s store) dropTrial(study string, number int) error {
	err := os.RemoveAll(s.trial(study, number))
	_ = os.Remove(filepath.Dir(s.trial(study, number))) // the study's folder, when it is empty
	return err
}
