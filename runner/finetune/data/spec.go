package data

import (
	"fmt"
	"math"
	"os"
	"path"
	"slices"

	"automl/trial"
)

// checkSpec checks what can be checked without reading the files, and fills in the default of channels.
func checkSpec(task string, spec *trial.DataSpec) error {
	if spec.Train == "" {
		return &Error{Field: fieldTrain, Msg: "no training file is named", Hint: "train: rows.csv"}
	}
	rows, target := trial.SplitTask(task)
	if err := checkTarget(rows, target, spec); err != nil {
		return err
	}
	switch {
	case rows != trial.ImageRows && spec.Image != nil:
		return &Error{Field: fieldImage, Msg: fmt.Sprintf("the rows of task %s are images or something else, not both", task), Hint: "take image out"}
	case rows != trial.TableRows && spec.Table != nil:
		return &Error{Field: fieldTable, Msg: fmt.Sprintf("the rows of task %s are no table", task), Hint: "take table out"}
	}
	switch rows {
	case trial.ImageRows:
		return checkImage(spec)
	case trial.TableRows:
		return checkTable(spec)
	case trial.TextRows:
		if spec.Text == "" {
			return &Error{Field: fieldText, Msg: "no column is named that holds the text", Hint: "text: the column with the text"}
		}
		if spec.Text == spec.Label || spec.TextPair != "" && spec.TextPair == spec.Label {
			return &Error{Field: fieldLabel, Msg: fmt.Sprintf("column %q is the text already", spec.Label), Hint: "label: the column with what is to be learned of the text"}
		}
		return nil
	}
	return &Error{Field: "trainer.task", Msg: fmt.Sprintf("there is no task %q", task), Hint: "the tasks are: " + List(trial.Tasks())}
}

// checkTarget checks the keys that say what is learned.
func checkTarget(rows trial.RowKind, target trial.TargetKind, spec *trial.DataSpec) error {
	bad := func(field, msg, hint string) error { return &Error{Field: field, Msg: msg, Hint: hint} }
	switch {
	case target == trial.Generation && (spec.Label != "" || len(spec.Labels) > 0):
		return bad(fieldLabel, "generation learns the text itself", "take the label out")
	case target == trial.Generation && spec.TextPair != "":
		return bad(fieldPair, "generation learns one text a row", "take text_pair out")
	case len(spec.Labels) > 0 && target != trial.MultiLabel:
		return bad(fieldLabels, fmt.Sprintf("%s learns one column, not several", target), "label: the column")
	case len(spec.Labels) > 0 && spec.Label != "":
		return bad(fieldLabels, "label and labels are both given", "one of the two")
	case target != trial.Generation && spec.Label == "" && len(spec.Labels) == 0 && !folders(rows, spec):
		return bad(fieldLabel, "no label column is named", "label: the column with what is to be learned")
	case spec.FewShot < 0 || spec.FewShot > 0 && target != trial.Classification:
		return bad(fieldFewShot, "rows of each class are picked for classification alone", "leave it out")
	case len(spec.ClassWeights) > 0 && target != trial.Classification:
		return bad(fieldWeights, "only classes have weights", "leave it out")
	}
	for name, w := range spec.ClassWeights {
		if !(w > 0) || math.IsInf(w, 0) {
			return bad(fieldWeights, fmt.Sprintf("%v is no weight of %q", w, name), "a number above 0")
		}
	}
	return nil
}

// folders reports whether the rows are image files in a folder for each class.
func folders(rows trial.RowKind, spec *trial.DataSpec) bool {
	return rows == trial.ImageRows && (spec.Image == nil || spec.Image.Pixels == "" && spec.Image.Path == "")
}

// checkTable checks the table section, which may be missing.
func checkTable(spec *trial.DataSpec) error {
	if spec.Table == nil {
		spec.Table = &trial.TableSpec{}
	}
	for _, name := range spec.Table.Categorical {
		if slices.Contains(spec.Table.Drop, name) {
			return &Error{Field: fieldTable, Msg: fmt.Sprintf("column %q is to be dropped and to be categorical", name), Hint: "one of the two"}
		}
	}
	if name := spec.Label; name != "" && slices.Contains(spec.Table.Drop, name) {
		return &Error{Field: fieldDrop, Msg: fmt.Sprintf("%q is the label", name), Hint: "the label never is a feature; take it out"}
	}
	return nil
}

// checkImage checks the image section, which may be missing where the rows are files in folders, and fills in the default of
// channels.
func checkImage(spec *trial.DataSpec) error {
	bad := func(field, msg, hint string) error { return &Error{Field: field, Msg: msg, Hint: hint} }
	im := trial.ImageSpec{}
	if spec.Image != nil {
		im = *spec.Image
	}
	spec.Image = &im
	switch {
	case im.Pixels != "" && im.Path != "":
		return bad(fieldPath, "an image is columns of pixels or a file, not both", "one of pixels and path")
	case im.Pixels != "":
		return checkPixels(&im)
	case im.Size < 0:
		return bad(fieldSize, fmt.Sprintf("%d pixels are no size", im.Size), "leave it out for the model's own")
	case !slices.Contains([]string{"", trial.FitCrop, trial.FitPad, trial.FitStretch}, im.Fit):
		return bad(fieldImage+".fit", fmt.Sprintf("%q is no way to fit an image", im.Fit), "crop, pad or stretch")
	case im.Path != "":
		return nil
	}
	if info, err := os.Stat(spec.Train); err == nil && !info.IsDir() {
		return bad(fieldImage, "an image task needs to know which columns are the pixels, or which one names the image file",
			`image: {pixels: "p*", height: 8, width: 8, max: 16}, or {path: file}, or train: a folder with a folder of images for each class`)
	}
	return nil
}

// checkPixels checks an image section of pixels, and fills in the default of channels.
func checkPixels(im *trial.ImageSpec) error {
	bad := func(field, msg, hint string) error { return &Error{Field: field, Msg: msg, Hint: hint} }
	if im.Channels == 0 {
		im.Channels = 1
	}
	_, malformed := path.Match(im.Pixels, "x")
	switch {
	case malformed != nil:
		return bad(fieldPixels, fmt.Sprintf("%q is no pattern", im.Pixels), `"p*" means every column whose name begins with p`)
	case im.Height < 1 || im.Width < 1:
		return bad(fieldImage, fmt.Sprintf("an image of %dx%d pixels is none", im.Height, im.Width), "height and width are those of the image in the file")
	case im.Channels != 1 && im.Channels != 3:
		return bad(fieldImage+".channels", fmt.Sprintf("%d channels are not supported", im.Channels), "1 for grey, 3 for red, green, blue")
	case !(im.Max > 0) || math.IsInf(im.Max, 0):
		return bad(fieldMax, fmt.Sprintf("%v cannot be the value of white", im.Max), "255 for bytes, 1 for shares")
	case im.Size < 0:
		return bad(fieldSize, fmt.Sprintf("%d pixels are no size", im.Size), "leave it out for the model's own")
	}
	return nil
}
