// Package augment changes training examples at random in ways that keep their class: of images shift, rotation, crop, flip, colour
// and cutout, of texts the dropping and masking of tokens; and it mixes examples (mixup).
//
// What happens to a row in an epoch depends on (seed, trial, fold, epoch, row) and on nothing else: not on the order of the
// rows, the batch size or where a paused trial went on. (With mixup also on which rows there are to mix with.) Every change has its
// own draws, so that switching one on leaves the others as they were. All changes of the place of pixels are put together into one
// map from the new image's pixels to the old one's, so that pixels are interpolated once. A crop or a flip alone moves whole pixels
// and leaves their values exactly as they are.
//
// Duties of the caller: images are in 0..255 with 0 for black, which is what comes in from outside the image.
package augment
