package finetune

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"automl/runner/finetune/data"
	"automl/runner/finetune/model"
	"automl/runner/finetune/tokenizer"
	"automl/runner/finetune/train"
	"automl/runner/protocol"
	"automl/trial"
)

// loadTexts reads the pretrained model and its tokenizer, and cuts the texts. None of it depends on which rows train.
func (m *material) loadTexts(w protocol.Work) (err error) {
	if m.net, err = loadTextModel(w.Trainer); err != nil {
		return err
	}
	cut, err := loadTokenizer(w.Trainer.Model)
	if err != nil {
		return err
	}
	limit := min(m.options.MaxTokens, m.net.MaxTokens())
	m.encode = func(t *data.Table) (data.Inputs, error) { return cutTexts(m.net, t, cut, limit) }
	if m.inputs, err = m.encode(m.table); err != nil {
		return err
	}
	m.describe = func() (map[string]any, error) { return m.describeTexts(w, limit) }
	m.net.ReplaceHead(m.table.Outputs(), headSeed(w))
	return m.options.Adapt(m.net, headSeed(w))
}

// cutTexts cuts the texts of a table, and sizes the network for the longest of them.
func cutTexts(net *model.Net, t *data.Table, by *tokenizer.Tokenizer, limit int) (*data.Tokens, error) {
	cutting := t.Tokens
	if net.IsLanguageModel() {
		cutting = t.Blocks
	}
	tokens, err := cutting(by, limit)
	if err != nil {
		return nil, err
	}
	if id, known := tokens.Highest(), net.Vocabulary(); int(id) >= known {
		return nil, &data.Error{Field: "trainer.model", Hint: "the tokenizer's files and the weights belong together",
			Msg: fmt.Sprintf("its tokenizer makes token %d of a text, where the network knows 0 to %d", id, known-1)}
	}
	return tokens, net.SetMaxTokens(max(tokens.Longest(), 1))
}

// loadTextModel reads the pretrained model, with the head that the task needs.
func loadTextModel(spec trial.TrainerSpec) (*model.Net, error) {
	if spec.Task != trial.GenerationTask {
		return loadModel(spec.Model)
	}
	net, err := model.LoadLanguageModel(spec.Model)
	if err != nil {
		return nil, modelFault(spec.Model, err)
	}
	return net, nil
}

// checkTexts finds a model folder that does not read texts, and a parameter (by name) that its tokenizer cannot follow.
func checkTexts(spec trial.TrainerSpec, params []string) (*model.Net, *tokenizer.Tokenizer, error) {
	net, err := loadTextModel(spec)
	if err != nil {
		return nil, nil, err
	}
	if !net.IsText() {
		return nil, nil, &data.Error{Field: "trainer.model", Msg: fmt.Sprintf("model %s does not read texts", net.Type()), Hint: "a bert, roberta, distilbert or gpt2"}
	}
	cut, err := loadTokenizer(spec.Model)
	if err != nil {
		return nil, nil, err
	}
	if _, ok := cut.Mask(); !ok && slices.Contains(params, "augment_mask") {
		return nil, nil, paramFault(train.NoMask())
	}
	return net, cut, nil
}

// loadTokenizer reads the tokenizer in the folder of a model.
func loadTokenizer(folder string) (*tokenizer.Tokenizer, error) {
	t, err := tokenizer.Load(folder)
	if err != nil {
		return nil, &data.Error{Field: "trainer.model", Msg: err.Error(), Err: err}
	}
	return t, nil
}

// describeTexts is the configuration of the pretrained model with the classes of the finished one, and how a row of the data file
// becomes an input.
func (m *material) describeTexts(w protocol.Work, limit int) (map[string]any, error) {
	config, err := m.describePretrained(w)
	if err != nil {
		return nil, err
	}
	if !m.net.IsLanguageModel() && config["pad_token_id"] == nil && config["eos_token_id"] != nil { // without one, transformers takes no batches of a GPT-2
		config["pad_token_id"] = config["eos_token_id"]
	}
	config["preprocessing"] = m.preprocessing(w, map[string]any{"text": w.Trainer.Data.Text, "text_pair": w.Trainer.Data.TextPair, "max_tokens": limit})
	return config, copyFiles(w.ArtifactOut, w.Trainer.Model, besideText)
}

// besideText are the files of a model folder that say how it reads texts.
var besideText = []string{"tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt", "vocab.json", "merges.txt",
	"modules.json", "sentence_bert_config.json", filepath.Join("1_Pooling", configFile)}

// copyFiles copies those of the files that are there.
func copyFiles(to, from string, names []string) error {
	for _, name := range names {
		content, err := os.ReadFile(filepath.Join(from, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = os.MkdirAll(filepath.Dir(filepath.Join(to, name)), 0o755)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(to, name), content, 0o644)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
