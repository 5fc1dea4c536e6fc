package data

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// The columns that the files of a folder have.
const (
	folderFile  = "file"
	folderClass = "class"
)

// folderRows are the image files of a folder that has a folder for each class, by class and name.
type folderRows struct {
	files, classes []string
	cells          []cell
	row            int
}

// openFolder lists the files. What lies beside the folders of the classes, and hidden files, count for nothing; in a class there
// must be nothing but images.
func openFolder(s source) (rows, source, error) {
	s.numbered = true
	entries, err := os.ReadDir(s.file)
	if err != nil {
		return nil, s, openError(s, err)
	}
	r := &folderRows{cells: make([]cell, 2)}
	for _, class := range entries {
		dir := filepath.Join(s.file, class.Name())
		if info, err := os.Stat(dir); err != nil || !info.IsDir() || hidden(class.Name()) {
			continue
		}
		before := len(r.files)
		if err := r.walk(s, dir, class.Name()); err != nil {
			return nil, s, err
		}
		if len(r.files) == before {
			return nil, s, s.fault(0, "the folder of class %q has no image", class.Name()).hint("remove it, or put the class's PNG and JPEG files there")
		}
	}
	if len(r.files) == 0 {
		return nil, s, s.fault(0, "there is no folder with images in it").hint("one folder for each class, the images of the class in it")
	}
	return r, s, nil
}

// walk lists the files of a class.
func (r *folderRows) walk(s source, dir, class string) error {
	return filepath.WalkDir(dir, func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return openError(s, err)
		case hidden(entry.Name()) && entry.IsDir():
			return fs.SkipDir
		case hidden(entry.Name()) || entry.IsDir():
			return nil
		case !isImage(entry.Name()):
			inside, _ := filepath.Rel(s.file, file)
			return s.fault(0, "%s is neither PNG nor JPEG by its name", inside).hint("convert it, or take it out of the class's folder")
		}
		r.files, r.classes = append(r.files, file), append(r.classes, class)
		return nil
	})
}

func hidden(name string) bool { return strings.HasPrefix(name, ".") }

// isImage reports whether a file's name is that of an image that can be read.
func isImage(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".png", ".jpg", ".jpeg":
		return true
	}
	return false
}

func (r *folderRows) header() []string { return []string{folderFile, folderClass} }
func (r *folderRows) close()           {}

func (r *folderRows) next() ([]cell, int, error) {
	if r.row == len(r.files) {
		return nil, 0, io.EOF
	}
	r.cells[0].text, r.cells[1].text = r.files[r.row], r.classes[r.row]
	r.row++
	return r.cells, r.row, nil
}
