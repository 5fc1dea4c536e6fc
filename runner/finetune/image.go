package finetune

import (
	"automl/runner/finetune/data"
	"automl/runner/protocol"
)

// loadImages reads the pretrained model and makes images of its size. None of it depends on which rows train.
func (m *material) loadImages(w protocol.Work) (err error) {
	if m.net, err = loadModel(w.Trainer.Model); err != nil {
		return err
	}
	input, err := sized(m.net, w.Trainer.Data.Image)
	if err != nil {
		return err
	}
	m.encode = func(t *data.Table) (data.Inputs, error) { return t.Images(input) }
	if m.inputs, err = m.encode(m.table); err != nil {
		return err
	}
	m.describe = func() (map[string]any, error) { return m.describeImages(w, input) }
	m.net.ReplaceHead(m.table.Outputs(), headSeed(w))
	return m.options.Adapt(m.net, headSeed(w))
}

// describeImages is the configuration of the pretrained model with the classes and the input size of the finished one, and how
// a row of the data file becomes an input.
func (m *material) describeImages(w protocol.Work, input data.Input) (map[string]any, error) {
	table := m.table
	config, err := readJSON(w, configFile)
	if err != nil {
		return nil, err
	}
	if m.net.Architecture() != "" {
		return m.describeHubImages(w, input)
	}
	config["classes"] = table.Classes
	put(config, input.Height, "input", "height")
	put(config, input.Width, "input", "width")
	put(config, table.Outputs(), "head", "fc", "out")
	config["preprocessing"] = m.preprocessing(w, map[string]any{"image": table.Spec})
	return config, nil
}

// describeHubImages is describeImages for a folder that is one of the transformers library, and says beside it how an image becomes an
// input.
func (m *material) describeHubImages(w protocol.Work, input data.Input) (map[string]any, error) {
	config, err := m.describePretrained(w)
	if err != nil {
		return nil, err
	}
	switch {
	case m.net.Type() != "vit": // its images have any size
	case input.Height == input.Width:
		config["image_size"] = input.Height
	default:
		config["image_size"] = []int{input.Height, input.Width}
	}
	config["preprocessing"] = m.preprocessing(w, map[string]any{"image": m.table.Spec})
	return config, m.writePreprocessor(w, input)
}

// put sets a value some objects deep, where those exist.
func put(config map[string]any, value any, path ...string) {
	for _, key := range path[:len(path)-1] {
		inner, ok := config[key].(map[string]any)
		if !ok {
			return
		}
		config = inner
	}
	config[path[len(path)-1]] = value
}
