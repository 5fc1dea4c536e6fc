package augment

// tone is a change of colour by three factors, 1 each for none.
type tone struct{ brightness, contrast, saturation float32 }

func (a *Augmenter) drawTone() tone {
	c := a.config.Color
	return tone{float32(1 + a.symmetric(c)), float32(1 + a.symmetric(c)), float32(1 + a.symmetric(c))}
}

// apply makes an image brighter or darker (a mixture with black), then of more or less contrast (with the mean of its greys), then
// more or less colourful (with its greys), as the adjust functions of torchvision do, here on 0..255. Saturation is for three
// channels alone, red, green and blue.
func (t tone) apply(image []float32, channels int) {
	for i, v := range image {
		image[i] = clamp(v * t.brightness)
	}
	mean := meanGrey(image, channels)
	for i, v := range image {
		image[i] = clamp(mean + t.contrast*(v-mean))
	}
	if channels != 3 {
		return
	}
	plane := len(image) / 3
	for i := range plane {
		g := grey(image, i, plane)
		for c := i; c < len(image); c += plane {
			image[c] = clamp(g + t.saturation*(image[c]-g))
		}
	}
}

func clamp(v float32) float32 { return min(max(v, 0), 255) }

// grey is the luma of pixel i of an image in red, green and blue (ITU-R BT.601).
func grey(image []float32, i, plane int) float32 {
	return 0.299*image[i] + 0.587*image[i+plane] + 0.114*image[i+2*plane]
}

// meanGrey is the mean over the pixels of an image of their greys; without three channels, of all values.
func meanGrey(image []float32, channels int) float32 {
	sum, n := 0.0, len(image)
	if channels == 3 {
		n /= 3
		for i := range n {
			sum += float64(grey(image, i, n))
		}
	} else {
		for _, v := range image {
			sum += float64(v)
		}
	}
	return float32(sum / float64(n))
}
