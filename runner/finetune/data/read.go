package data

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"automl/trial"
)

// Read reads the training file of a task, and the validation file where there is one.
func Read(task string, spec trial.DataSpec, plan trial.FoldPlan) (*Table, error) {
	if err := checkSpec(task, &spec); err != nil {
		return nil, err
	}
	t, err := read(task, spec, source{file: spec.Train, field: fieldTrain}, plan.Column, nil)
	if err != nil {
		return nil, err
	}
	if err := t.learn(spec, nil); err != nil {
		return nil, err
	}
	if err := t.varies(spec); err != nil {
		return nil, err
	}
	if err := t.few(spec.FewShot, plan.Seed); err != nil {
		return nil, err
	}
	if spec.Valid != "" {
		v, err := readMore(task, spec, source{file: spec.Valid, field: fieldValid}, t)
		if err != nil {
			return nil, err
		}
		t.join(v)
	}
	t.indexGroups()
	t.setKeys()
	return t, t.weigh(spec.ClassWeights)
}

// ReadTest reads the test file, whose classes and feature columns are those of the training file.
func ReadTest(task string, spec trial.DataSpec, training *Table) (*Table, error) {
	if err := checkSpec(task, &spec); err != nil {
		return nil, err
	}
	t, err := readMore(task, spec, source{file: spec.Test, field: fieldTest}, training)
	if err != nil {
		return nil, err
	}
	t.indexGroups()
	return t, nil
}

// readMore reads another file with the classes and columns of the training file.
func readMore(task string, spec trial.DataSpec, s source, training *Table) (*Table, error) {
	t, err := read(task, spec, s, "", training)
	if err != nil {
		return nil, err
	}
	return t, t.learn(spec, training.Classes)
}

// reader makes rows of a table of the rows of a file. Columns are positions in the header; -1 is none.
type reader struct {
	table  *Table
	src    source
	spec   trial.DataSpec
	header []string

	label, split, group      int
	text, pair, path         int
	labels, pixels, features []int
}

// read reads a file of which nothing has been learned yet. split is the split column; "": there is none, or it is the label.
// training is set when the file must have the columns of that one.
func read(task string, spec trial.DataSpec, s source, split string, training *Table) (*Table, error) {
	kind, target := trial.SplitTask(task)
	in, s, err := openRows(kind, &spec, s)
	if err != nil {
		return nil, err
	}
	defer in.close()
	t := &Table{File: s.file, Kind: target, src: s}
	if spec.Image != nil && kind == trial.ImageRows {
		t.Spec = *spec.Image
	}
	r := &reader{table: t, src: s, spec: spec, header: in.header()}
	if err := r.locate(kind, split, training); err != nil {
		return nil, err
	}
	for {
		cells, at, err := in.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		if err := r.add(cells, at); err != nil {
			return nil, err
		}
	}
	if t.Rows() == 0 {
		return nil, s.fault(0, "there are no rows")
	}
	if r.text >= 0 && !slices.ContainsFunc(t.Texts, func(text string) bool { return strings.TrimSpace(text) != "" }) {
		return nil, s.fault(0, "column %q is empty in every row", spec.Text).of(fieldText).hint("is it the right column?")
	}
	return t, t.settle(training != nil)
}

// openRows begins to read a file, or the files of a folder.
func openRows(kind trial.RowKind, spec *trial.DataSpec, s source) (rows, source, error) {
	info, err := os.Stat(s.file)
	if !folders(kind, spec) {
		if err == nil && info.IsDir() {
			return nil, s, s.fault(0, "is a folder").hint("name a file")
		}
		return open(s.field, s.file)
	}
	if err == nil && !info.IsDir() {
		return nil, s, s.fault(0, "is a file").hint("a folder with a folder of images for each class, as that of the other rows")
	}
	spec.Label, spec.Image = folderClass, &trial.ImageSpec{Path: folderFile, Fit: spec.Image.Fit, Size: spec.Image.Size}
	return openFolder(s)
}

// locate finds the columns that the spec names.
func (r *reader) locate(kind trial.RowKind, split string, training *Table) (err error) {
	d := r.spec
	find := func(field, name string) int {
		if name == "" || err != nil {
			return -1
		}
		at := -1
		at, err = r.find(field, name)
		return at
	}
	if split == d.Label {
		split = ""
	}
	r.label, r.split, r.group = find(fieldLabel, d.Label), find(fieldColumn, split), find(fieldGroup, d.Group)
	for _, name := range d.Labels {
		r.labels = append(r.labels, find(fieldLabels, name))
	}
	r.text, r.pair, r.path = -1, -1, -1
	switch kind {
	case trial.TextRows:
		r.text, r.pair = find(fieldText, d.Text), find(fieldPair, d.TextPair)
	case trial.ImageRows:
		r.path = find(fieldPath, d.Image.Path)
	}
	switch {
	case err != nil:
		return err
	case kind == trial.TableRows && training != nil:
		return r.locateFeatures(training.Columns)
	case kind == trial.TableRows:
		return r.locateFeatures(nil)
	case kind == trial.ImageRows && r.path < 0:
		return r.locatePixels()
	}
	return nil
}

// find returns where the column stands that a field of the sweep file names.
func (r *reader) find(field, name string) (int, error) {
	at := slices.Index(r.header, name)
	if at < 0 {
		return 0, r.src.unknownColumn(field, name, r.header, r.spec.Image)
	}
	if slices.Contains(r.header[at+1:], name) {
		return 0, r.src.fault(r.src.headerLine(), "the column %q stands twice", name).of(field)
	}
	return at, nil
}

// used reports whether a column is something else than a feature or a pixel.
func (r *reader) used(column int) bool {
	return column == r.label || column == r.split || column == r.group || slices.Contains(r.labels, column)
}

// add appends a row.
func (r *reader) add(cells []cell, at int) error {
	t := r.table
	if err := r.addTarget(cells, at); err != nil {
		return err
	}
	for _, one := range []struct {
		column int
		to     *[]string
	}{{r.split, &t.splits}, {r.group, &t.groups}, {r.text, &t.Texts}, {r.pair, &t.Pairs}} {
		if one.column < 0 {
			continue
		}
		text, err := cells[one.column].plain(r.src, at, r.header[one.column])
		if err != nil {
			return err
		}
		*one.to = append(*one.to, strings.Clone(text)) // a copy lets go of the rest of its record
	}
	if err := r.addPixels(cells, at); err != nil {
		return err
	}
	if err := r.addPath(cells, at); err != nil {
		return err
	}
	if err := r.addFeatures(cells, at); err != nil {
		return err
	}
	t.Lines = append(t.Lines, at)
	return nil
}

// addPath appends the image file of a row.
func (r *reader) addPath(cells []cell, at int) error {
	if r.path < 0 {
		return nil
	}
	name, err := cells[r.path].plain(r.src, at, r.header[r.path])
	if err != nil {
		return err
	}
	if name == "" {
		return r.src.fault(at, "column %q is empty", r.header[r.path]).of(fieldPath).hint("every row names an image file")
	}
	file := strings.Clone(name)
	if !filepath.IsAbs(file) {
		file = filepath.Join(filepath.Dir(r.src.file), filepath.FromSlash(file))
	}
	if info, err := os.Stat(file); err != nil || info.IsDir() {
		return r.src.fault(at, "there is no image file %s", file).of(fieldPath).hint("paths are relative to the folder of the data file")
	}
	r.table.Paths = append(r.table.Paths, file)
	return nil
}
