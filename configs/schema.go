package configs

import (
	"encoding/json"
	"fmt"

	"github.com/invopop/jsonschema"

	"automl/schedulers"
	"automl/search"
)

// Schema is the JSON Schema (2020-12) of the sweep file, made from the types that the decoder reads into. It says less than
// Parse checks: whatever needs more than one value is beyond it.
func Schema() ([]byte, error) {
	s := reflector().Reflect(&document{})
	s.Version = jsonschema.Version
	s.Title = "automl sweep"
	s.Description = "A hyperparameter search: what is optimized, over which parameters, with which budget and trainer."
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the schema: %w", err)
	}
	return append(data, '\n'), nil
}

// reflector writes sections in place rather than by reference, so that an editor shows each where it stands.
func reflector() *jsonschema.Reflector {
	return &jsonschema.Reflector{Anonymous: true, DoNotReference: true, RequiredFromJSONSchemaTags: true}
}

// section is the schema of a struct, without the header of a document.
func section(v any) *jsonschema.Schema {
	s := reflector().Reflect(v)
	s.Version = ""
	return s
}

// oneOf is the schema of a union.
func oneOf(variants []variant) *jsonschema.Schema {
	s := &jsonschema.Schema{}
	for _, v := range variants {
		s.OneOf = append(s.OneOf, section(v.fresh()))
	}
	return s
}

// orShort lets a section be written as the value of one key alone.
func orShort(s *jsonschema.Schema, key string) {
	long := *s
	short := *property(s, key)
	*s = jsonschema.Schema{AnyOf: []*jsonschema.Schema{&short, &long}}
}

func property(s *jsonschema.Schema, key string) *jsonschema.Schema {
	p, _ := s.Properties.Get(key)
	return p
}

func enumOf(words []string) []any {
	out := make([]any, len(words))
	for i, w := range words {
		out[i] = w
	}
	return out
}

// JSONSchemaExtend adds the short form.
func (foldsDoc) JSONSchemaExtend(s *jsonschema.Schema) { orShort(s, "k") }

// JSONSchemaExtend adds the short form.
func (epochsDoc) JSONSchemaExtend(s *jsonschema.Schema) { orShort(s, "max") }

// JSONSchemaExtend adds the types there are and the short form.
func (samplerDoc) JSONSchemaExtend(s *jsonschema.Schema) {
	property(s, "type").Enum = enumOf(search.Types())
	orShort(s, "type")
}

// JSONSchemaExtend adds the types there are and the short form.
func (schedulerDoc) JSONSchemaExtend(s *jsonschema.Schema) {
	property(s, "type").Enum = enumOf(schedulers.Types())
	orShort(s, "type")
}

// JSONSchemaExtend adds the short form.
func (priorDoc) JSONSchemaExtend(s *jsonschema.Schema) { orShort(s, "value") }

// JSONSchema is a word or a number.
func (confidence) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Enum: enumOf(confidenceWords())},
		{Type: "number", Minimum: json.Number("0"), Maximum: json.Number("1")}}}
}

// JSONSchemaExtend requires one limit.
func (budgetDoc) JSONSchemaExtend(s *jsonschema.Schema) { s.MinProperties = ref[uint64](1) }

// JSONSchema is an object with a parameter for each name.
func (parameterDocs) JSONSchema() *jsonschema.Schema {
	p := oneOf(parameterVariants)
	p.OneOf = append(p.OneOf, scalar{}.JSONSchema())
	return &jsonschema.Schema{Type: "object", AdditionalProperties: p, MinProperties: ref[uint64](1)}
}

// JSONSchema is the forms of a trainer.
func (trainerDoc) JSONSchema() *jsonschema.Schema {
	s := oneOf(trainerVariants)
	s.OneOf = append(s.OneOf, &jsonschema.Schema{Const: "external"})
	return s
}

// JSONSchema is a value of a parameter.
func (scalar) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Type: "number"}, {Type: "string"}, {Type: "boolean"}}}
}

// JSONSchema is what may be written for a text that is passed on as it is.
func (literal) JSONSchema() *jsonschema.Schema { return scalar{}.JSONSchema() }

// JSONSchema is a list of values.
func (choices) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "array", Items: scalar{}.JSONSchema(), MinItems: ref[uint64](1)}
}

// JSONSchema is a value or a list of values for each parameter that is depended on.
func (conditionDocs) JSONSchema() *jsonschema.Schema {
	value := &jsonschema.Schema{AnyOf: append(scalar{}.JSONSchema().AnyOf, choices{}.JSONSchema())}
	return &jsonschema.Schema{Type: "object", AdditionalProperties: value, MinProperties: ref[uint64](1)}
}

// JSONSchema is a value for each parameter.
func (assignmentDoc) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "object", AdditionalProperties: scalar{}.JSONSchema()}
}

// JSONSchema is a file or a list.
func (candidatesDoc) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Type: "string"},
		{Type: "array", Items: assignmentDoc{}.JSONSchema(), MinItems: ref[uint64](1)}}}
}

// JSONSchema is the name of a study or a file, or its results, as a document that was read has them.
func (warmDoc) JSONSchema() *jsonschema.Schema {
	s := section(&warmSection{})
	s.Description = "A study or a file with its results, as they were read."
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Type: "string"}, s}}
}

// JSONSchema is one number or two.
func (span) JSONSchema() *jsonschema.Schema {
	number := &jsonschema.Schema{Type: "number"}
	pair := &jsonschema.Schema{Type: "array", Items: number, MinItems: ref[uint64](2), MaxItems: ref[uint64](2)}
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{number, pair}}
}

// JSONSchema is a value for each variable.
func (variables) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "object", AdditionalProperties: literal("").JSONSchema()}
}

// JSONSchema is a number with a unit.
func (memory) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Pattern: `^ *[0-9]+(\.[0-9]+)? *([KMGT]iB|[kKMGT]?B) *$`}
}

// JSONSchema is numbers with units.
func (duration) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Pattern: `^( *[0-9]+(\.[0-9]+)? *[dhms] *)+$`}
}

// JSONSchema is a time of day.
func (clock) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Pattern: clockPattern.String()}
}
