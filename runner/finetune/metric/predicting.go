package metric

import (
	"math"

	"automl/trial"
)

// Predicting is texts whose next tokens a language model has predicted.
type Predicting struct {
	Loss  float64 // sum over all predictions of -log p, to base e
	Right int     // predictions that gave the right token the highest probability
	N     int     // predictions
}

// predicting are the metrics of the family Tokens.
var predicting = []entry[*Predicting]{
	{Metric{Name: "loss", Goal: trial.Minimize, Meaning: "mean of -log p of the next token, in nats; >= 0", Also: []string{"cross_entropy", "nll"}}, (*Predicting).loss},
	{Metric{Name: "perplexity", Goal: trial.Minimize, Meaning: "e to the power of loss; >= 1", Also: []string{"ppl"}},
		func(p *Predicting) float64 { return math.Exp(p.loss()) }},
	{Metric{Name: "accuracy", Goal: trial.Maximize, Meaning: "share of next tokens predicted right; 0..1"},
		func(p *Predicting) float64 { return float64(p.Right) / float64(p.N) }},
}

func (p *Predicting) loss() float64 { return p.Loss / float64(p.N) }

// Measure computes all metrics of the family; without predictions they are NaN.
func (p *Predicting) Measure() trial.Metrics { return measure(predicting, p, p.N, false) }
