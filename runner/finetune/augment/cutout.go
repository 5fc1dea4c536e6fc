package augment

// cut makes a square around pixel (x, y) black; what of it lies outside the image is lost (DeVries and Taylor 2017, "Improved
// Regularization of Convolutional Neural Networks with Cutout").
func (a *Augmenter) cut(image []float32, x, y int) {
	side := a.config.Cutout
	left, top := x-side/2, y-side/2
	right, bottom := min(left+side, a.width), min(top+side, a.height)
	left, top = max(left, 0), max(top, 0)
	for c := range a.channels {
		for row := top; row < bottom; row++ {
			from := (c*a.height + row) * a.width
			clear(image[from+left : from+right])
		}
	}
}
