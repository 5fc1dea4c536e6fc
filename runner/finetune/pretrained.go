package finetune

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"

	"automl/runner/finetune/data"
	"automl/runner/finetune/model"
	"automl/runner/protocol"
)

// readJSON reads a JSON object of the pretrained model's folder.
func readJSON(w protocol.Work, name string) (map[string]any, error) {
	raw, err := os.ReadFile(filepath.Join(w.Trainer.Model, name))
	if err != nil {
		return nil, err
	}
	v := map[string]any{}
	if err := json.Unmarshal(raw, &v); err != nil {
		return nil, fmt.Errorf("%s of the pretrained model: %w", name, err)
	}
	return v, nil
}

// describePretrained is the configuration of the pretrained model with the classes of the finished one, as the transformers library
// has it.
func (m *material) describePretrained(w protocol.Work) (map[string]any, error) {
	config, err := readJSON(w, configFile)
	if err != nil {
		return nil, err
	}
	names, at := map[string]string{}, map[string]int{}
	for i := range m.table.Outputs() {
		name := "LABEL_" + strconv.Itoa(i)
		if i < len(m.table.Classes) {
			name = m.table.Classes[i]
		}
		names[strconv.Itoa(i)], at[name] = name, i
	}
	if !m.net.IsLanguageModel() {
		config["id2label"], config["label2id"] = names, at
	}
	if name := m.net.Architecture(); name != "" {
		config["architectures"] = []string{name}
	}
	return config, nil
}

// writePreprocessor says in the finished model's folder how an image becomes its input, as the transformers library has it: as the
// pretrained model's folder does, but for the size.
func (m *material) writePreprocessor(w protocol.Work, input data.Input) error {
	p, err := readJSON(w, model.PreprocessorFile)
	if os.IsNotExist(err) {
		p, err = map[string]any{"do_resize": true, "do_rescale": true, "do_normalize": true, "rescale_factor": input.Scale,
			"image_mean": input.Mean, "image_std": input.Std, "resample": 2, "image_processor_type": "ViTImageProcessor"}, nil
		if !input.Resize.Stretch {
			p["image_processor_type"], p["crop_pct"] = "ConvNextImageProcessor", input.Resize.Share
		}
	}
	if err != nil {
		return err
	}
	square := func(h, w int) map[string]int { return map[string]int{"height": h, "width": w} }
	share := input.Resize.Share
	if share == 0 {
		share = 1
	}
	whole := func(n int) int { return int(math.Round(float64(n) / share)) }
	switch edge := map[string]int{"shortest_edge": whole(input.Height)}; {
	case p["crop_pct"] != nil:
		p["size"] = map[string]int{"shortest_edge": input.Height}
	case input.Resize.Stretch:
		p["size"] = square(whole(input.Height), whole(input.Width))
	default:
		p["size"] = edge
	}
	if p["crop_size"] != nil {
		p["crop_size"] = square(input.Height, input.Width)
	}
	return writeJSON(filepath.Join(w.ArtifactOut, model.PreprocessorFile), p)
}
