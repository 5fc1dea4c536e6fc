package configs

import "automl/trial"

// folders reports whether the rows are image files in a folder for each class.
func (b *builtinDoc) folders() bool {
	im := b.Data.Image
	return trial.ImageRows.HasTask(b.Task) && (im == nil || im.Pixels == "" && im.Path == "")
}

// pretrained reports whether the model has layers worth keeping, which a fresh head reads.
func (b *builtinDoc) pretrained() bool {
	return !trial.TableRows.HasTask(b.Task) && b.Task != trial.GenerationTask
}

// checkProbe refuses a probe that cannot be.
func (c *checker) checkProbe(b *builtinDoc) {
	switch {
	case b.Probe == nil || !*b.Probe:
	case b.Task == trial.GenerationTask:
		c.wrong("trainer.probe", "task %s has no fresh head, which a probe would solve", b.Task).withHint("take it out")
	case !b.pretrained():
		c.wrong("trainer.probe", "task %s begins with no pretrained model, which a probe would measure", b.Task).withHint("take it out")
	case !c.doc.roomForProbe():
		c.wrong("trainer.probe", "the budget of %d trials has none for it", c.doc.budget().Trials).withHint("raise budget.trials, or probe: false")
	}
}

// checkBuiltin checks that model and data go with the task.
func (c *checker) checkBuiltin(b *builtinDoc) {
	rows, target := trial.SplitTask(b.Task)
	c.checkRows(b, rows)
	c.checkTarget(b, target)
	c.checkProbe(b)
	if b.Data.Image != nil && rows == trial.ImageRows {
		c.checkImage(b.Data.Image)
	}
}

// checkRows checks what a row is made of.
func (c *checker) checkRows(b *builtinDoc, rows trial.RowKind) {
	d := b.Data
	if rows == trial.TextRows && d.Text == "" {
		c.missingKey("trainer.data.text").withHint("name the column with the text")
	}
	if rows == trial.TableRows && b.Model != trial.MLP {
		c.wrong("trainer.model", "task %s has no model %q", b.Task, shorten(b.Model)).
			withHint("model: %s, which is trained from scratch", trial.MLP)
	}
	if d.TextPair != "" && b.Task == trial.GenerationTask {
		c.wrongKey("trainer.data.text_pair", "task %s learns one text a row", b.Task).withHint("take it out")
	}
	if d.Text != "" && rows != trial.TextRows {
		c.wrongKey("trainer.data.text", "task %s has no text column", b.Task).withHint("text goes with tasks of texts, such as %s", trial.TextTask)
	}
	if d.TextPair != "" && rows != trial.TextRows {
		c.wrongKey("trainer.data.text_pair", "task %s has no text column", b.Task).withHint("text_pair goes with tasks of texts, such as %s", trial.TextTask)
	}
	if d.Image != nil && rows != trial.ImageRows {
		c.wrongKey("trainer.data.image", "task %s has no images", b.Task).withHint("image goes with tasks of images, such as %s", trial.ImageTask)
	}
	if d.Table != nil && rows != trial.TableRows {
		c.wrongKey("trainer.data.table", "task %s has no table", b.Task).withHint("table goes with tabular tasks, such as %s", trial.TableTask)
	}
}

// checkTarget checks what is learned.
func (c *checker) checkTarget(b *builtinDoc, target trial.TargetKind) {
	d := b.Data
	switch {
	case target == trial.Generation && d.Label != "":
		c.wrongKey("trainer.data.label", "task %s learns the text itself", b.Task).withHint("take it out")
	case target == trial.Generation:
	case target == trial.MultiLabel && d.Label != "" && d.Labels != nil:
		c.wrongKey("trainer.data.labels", "label and labels are both given").withHint("label is one column with a list, labels are columns of yes and no: one of the two")
	case target == trial.MultiLabel && b.folders():
		c.wrong("trainer.data", "a file in the folder of a class has no list of labels").withHint("a file with the names of the images and their labels, and image: {path: file}")
	case b.folders() && target == trial.Regression:
		c.wrong("trainer.data", "a file in the folder of a class has no number").withHint("a file with the names of the images and their numbers, and image: {path: file}")
	case b.folders() && d.Label != "":
		c.missingKey("trainer.data.image").withHint(`pixels in columns: image: {pixels: "p*", height: 8, width: 8}; image files: {path: file}; a folder for each class: take label out`)
	case d.Label == "" && d.Labels == nil && !b.folders():
		e := c.missingKey("trainer.data.label").withHint("name the column with what is to be learned")
		if target == trial.MultiLabel {
			e.withHint("label: the column with the list of labels, or labels: [..] the columns that say yes or no")
		}
	}
	if target != trial.MultiLabel {
		if d.Labels != nil {
			c.wrongKey("trainer.data.labels", "task %s learns one column", b.Task).withHint("label: the column")
		}
		if d.Separator != "" {
			c.wrongKey("trainer.data.separator", "task %s has no lists of labels", b.Task).withHint("take it out")
		}
	}
	if target != trial.Classification {
		if d.FewShot > 0 {
			c.wrongKey("trainer.data.few_shot", "task %s has no classes", b.Task).withHint("take it out")
		}
		if d.Weights != nil {
			c.wrongKey("trainer.data.class_weights", "task %s has no classes", b.Task).withHint("take it out")
		}
	}
}

// checkImage checks that the keys of an image go together.
func (c *checker) checkImage(im *imageDoc) {
	const at = "trainer.data.image"
	pixels := im.Height > 0 || im.Width > 0 || im.Channels > 0 || im.Max > 0
	switch {
	case im.Pixels != "" && im.Path != "":
		c.wrongKey(at+".path", "an image is columns of pixels or a file, not both").withHint("one of pixels and path")
	case im.Pixels == "" && pixels:
		c.missingKey(at + ".pixels").withHint("height, width, channels and max say how columns make an image: pixels: \"p*\"")
	case im.Pixels == "":
	case im.Height == 0:
		c.missingKey(at + ".height").withHint("pixels in columns do not say how high an image is")
	case im.Width == 0:
		c.missingKey(at + ".width").withHint("pixels in columns do not say how wide an image is")
	case im.Channels == 2:
		c.wrong(at+".channels", "an image has 1 or 3 channels, not 2")
	case im.Fit != "":
		c.wrongKey(at+".fit", "pixels in columns are stretched").withHint("take it out: fit is for image files")
	}
}
