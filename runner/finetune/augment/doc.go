// Package augment changes training images at random in ways that keep their class: shift, rotation, crop and flip.
//
// What happens to a row in an epoch depends on (seed, trial, fold, epoch, row) and on nothing else: not on the order of the
// rows, the batch size or where a paused trial went on. All changes of one image are put together into one map from the new
// image's pixels to the old one's, so that pixels are interpolated once. A crop or a flip alone moves whole pixels and leaves
// their values exactly as they are.
//
// Duties of the caller: images are in 0..255 with 0 for black, which is what comes in from outside the image.
package augment
