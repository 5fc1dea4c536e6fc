package finetune

import (
	"automl/runner/finetune/data"
	"automl/runner/finetune/model"
	"automl/runner/protocol"
)

// fitTable fits the encoder of the columns on the training rows alone, encodes all rows with it, and makes a network of the
// width that results: categories that a fold does not train on are no inputs.
func (m *material) fitTable(w protocol.Work, rows []int) (err error) {
	encoder := m.table.Fit(rows)
	size := model.MLPConfig{ModelType: model.MLPType, Features: encoder.Width(), Hidden: m.options.Hidden, Layers: m.options.Layers,
		Classes: m.table.Outputs()}
	if m.net, err = model.NewMLP(size, headSeed(w)); err != nil {
		return err
	}
	m.inputs = encoder.Encode(m.table)
	m.encode = func(t *data.Table) (data.Inputs, error) { return encoder.Encode(t), nil }
	m.describe = func() (map[string]any, error) {
		return map[string]any{
			"model_type": size.ModelType, "features": size.Features, "hidden": size.Hidden, "layers": size.Layers, "outputs": size.Classes,
			"classes":       m.table.Classes,
			"preprocessing": m.preprocessing(w, map[string]any{"columns": encoder}),
		}, nil
	}
	return nil
}
