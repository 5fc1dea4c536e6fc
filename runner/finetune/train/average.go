package train

import (
	"slices"

	"automl/runner/finetune/blas"
	"automl/runner/finetune/model"
)

// average is the exponential moving average of the weights that train, running statistics among them. It begins where the weights
// begin to train. After step t, counted from 0, it keeps min(decay, (1+t)/(10+t)) of itself: at first it follows quickly, so that
// what a short run averages is not the weights that it began with (as TensorFlow's ExponentialMovingAverage does with num_updates).
type average struct {
	decay  float64 // 0: there is no average
	params []*model.Param
	shadow map[string][]float32 // by parameter, of those that have trained
}

func newAverage(net *model.Net, decay float64) average {
	return average{decay: decay, params: net.Params(), shadow: map[string][]float32{}}
}

// begin takes the weights of blocks that train from now on into the average.
func (a *average) begin(trained []bool) {
	if a.decay == 0 {
		return
	}
	for _, p := range a.params {
		if trained[p.Block] && !p.Fixed && a.shadow[p.Name] == nil {
			a.shadow[p.Name] = slices.Clone(p.Data)
		}
	}
}

// follow takes in the weights after a step.
func (a *average) follow(step int) {
	keep := min(a.decay, float64(1+step)/float64(10+step))
	for _, p := range a.params {
		if s := a.shadow[p.Name]; s != nil {
			blas.Blend(1-keep, p.Data, s)
		}
	}
}

// swap exchanges the weights with their average. A second time takes it back.
func (a *average) swap() {
	for _, p := range a.params {
		s := a.shadow[p.Name]
		for i, v := range s {
			s[i], p.Data[i] = p.Data[i], v
		}
	}
}
