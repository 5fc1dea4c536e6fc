package trial

// Importances is what the trials of a study say about its parameters, see search.ImportanceOf.
type Importances struct {
	Trials     int          `json:"trials"`     // with a value, which it rests on
	Predicts   float64      `json:"predicts"`   // share of the trials' variance that is foretold of each from the others; 0 or less: none
	Parameters []Importance `json:"parameters"` // by Total, the highest first; those with one value are left out
}

// Importance says how much of what the objective varies by over the search space comes from one parameter.
type Importance struct {
	Parameter string  `json:"parameter"` // a typed freeze parameter is one, whatever it was expanded into
	Main      float64 `json:"main"`      // share of the variance that it causes alone, in [0, 1]
	Total     float64 `json:"total"`     // share that it causes alone and together with others, in [0, 1]
}
