package cases

import (
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"drumbeat/forecast"
)

// Set is one set of cases.
type Set struct {
	Name         string
	Freq         forecast.Freq
	Season       int  // m
	ScaleLag     int  // m_scale: lag of the naive forecast that scales MASE
	Horizon      int  // h
	Intermittent bool // judged by pRMSSE in place of MASE
	NonNegative  bool
	Series       []Series
	Windows      []Window // in the order of their origins
	Peers        []Scores
}

// oftenZero is the share of zeros from which the median bucket says little and squared errors rank forecasts.
const oftenZero = .2

// Panel says whether the set has more than one series.
func (s *Set) Panel() bool { return len(s.Series) > 1 }

// Trend is the demand that was judged over what the mean of the known histories would have been.
func (s *Set) Trend() float64 {
	known, judged := 0.0, 0.0
	for _, w := range s.Windows {
		y := s.Series[w.Series].Y
		past := 0.0
		for _, v := range y[:w.Known] {
			past += v
		}
		known += past / float64(w.Known) * float64(s.Horizon)
		for _, v := range y[w.Known : w.Known+s.Horizon] {
			judged += v
		}
	}
	return judged / known
}

// Series is a series with its whole history.
type Series struct {
	ID    string
	First int // bucket of Y[0]
	Y     []float64
}

// Window is a series known up to a bucket and judged on the Horizon buckets after it.
type Window struct {
	Origin int
	Series int // index into Set.Series
	Known  int // number of known buckets
	Lead   int // buckets whose summed demand is judged
}

// Names lists the sets of a folder.
func Names(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("cases: %w", err)
	}
	var names []string
	for _, e := range entries {
		if _, err := os.Stat(filepath.Join(dir, e.Name(), "meta.json")); err == nil {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// Read reads the set name of the folder dir.
func Read(dir, name string) (*Set, error) {
	s := &Set{Name: name}
	for _, part := range []struct {
		file string
		read func(string) error
	}{{"meta.json", s.readMeta}, {"data.csv.gz", s.readSeries}, {"windows.csv", s.readWindows}, {"peers.csv", s.readPeers}} {
		if err := part.read(filepath.Join(dir, name, part.file)); err != nil {
			return nil, fmt.Errorf("cases: %s/%s: %w", name, part.file, err)
		}
	}
	return s, nil
}

func (s *Set) readMeta(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var meta struct {
		Freq         any `json:"freq"`
		M            int `json:"m"`
		MScale       int `json:"m_scale"`
		H            int `json:"h"`
		Intermittent bool
		NonNeg       bool
		ZeroShare    float64 `json:"zero_share"`
	}
	if err := json.Unmarshal(text, &meta); err != nil {
		return err
	}
	if s.Freq, err = forecast.ParseFreq(fmt.Sprint(meta.Freq)); err != nil {
		return err
	}
	s.Season, s.ScaleLag, s.Horizon = meta.M, meta.MScale, meta.H
	s.Intermittent, s.NonNegative = meta.Intermittent || meta.ZeroShare > oftenZero, meta.NonNeg
	if s.Season < 1 || s.ScaleLag < 1 || s.Horizon < 1 {
		return errors.New("m, m_scale and h have to be positive")
	}
	return nil
}

func (s *Set) readSeries(file string) error {
	at := map[string]int{}
	return readTable(file, []string{"unique_id", "ds", "y"}, func(row []string) error {
		i, ok := at[row[0]]
		if !ok {
			i = len(s.Series)
			at[row[0]] = i
			s.Series = append(s.Series, Series{ID: row[0]})
		}
		x := &s.Series[i]
		bucket, err := s.Freq.Index(row[1])
		if err != nil {
			return err
		}
		if len(x.Y) == 0 {
			x.First = bucket
		}
		if bucket != x.First+len(x.Y) {
			return fmt.Errorf("series %s has a gap before %s", x.ID, row[1])
		}
		y, err := strconv.ParseFloat(row[2], 64)
		x.Y = append(x.Y, y)
		return err
	})
}

func (s *Set) readWindows(file string) error {
	at := map[string]int{}
	for i := range s.Series {
		at[s.Series[i].ID] = i
	}
	err := readTable(file, []string{"origin", "unique_id", "cutoff", "cum_h"}, func(row []string) error {
		i, ok := at[row[1]]
		if !ok {
			return fmt.Errorf("no series %s", row[1])
		}
		w := Window{Series: i}
		cutoff, err := s.Freq.Containing(row[2])
		origin, bad := strconv.Atoi(row[0])
		lead, worse := strconv.Atoi(row[3])
		if err := errors.Join(err, bad, worse); err != nil {
			return err
		}
		x := &s.Series[i]
		w.Origin, w.Lead, w.Known = origin, lead, cutoff-x.First+1
		if w.Known < 1 || w.Known+s.Horizon > len(x.Y) || lead < 1 || lead > s.Horizon {
			return fmt.Errorf("series %s has no window of %d after %s", x.ID, s.Horizon, row[2])
		}
		s.Windows = append(s.Windows, w)
		return nil
	})
	slices.SortStableFunc(s.Windows, func(a, b Window) int { return a.Origin - b.Origin })
	return err
}

func (s *Set) readPeers(file string) error {
	columns := []string{"model", "n", "MASE", "pRMSSE", "wQL", "bias", "c80", "c95", "cWAPE", "cPBw", "cCov"}
	return readTable(file, columns, func(row []string) error {
		x := Scores{Model: row[0]}
		var err error
		if x.Windows, err = strconv.Atoi(row[1]); err != nil {
			return err
		}
		for i, to := range []*float64{&x.MASE, &x.PRMSSE, &x.WQL, &x.Bias, &x.C80, &x.C95, &x.CWAPE, &x.CPB95, &x.CCov} {
			*to = math.NaN()
			if text := row[i+2]; text != "" {
				if *to, err = strconv.ParseFloat(text, 64); err != nil {
					return err
				}
			}
		}
		s.Peers = append(s.Peers, x)
		return nil
	})
}

// readTable calls row with the named columns of every line of a CSV file, compressed if its name says so.
func readTable(file string, columns []string, row func([]string) error) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	var text io.Reader = f
	if strings.HasSuffix(file, ".gz") {
		if text, err = gzip.NewReader(f); err != nil {
			return err
		}
	}
	r := csv.NewReader(text)
	header, err := r.Read()
	if err != nil {
		return err
	}
	at := make([]int, len(columns))
	for i, name := range columns {
		if at[i] = slices.Index(header, name); at[i] < 0 {
			return fmt.Errorf("no column %s", name)
		}
	}
	fields := make([]string, len(columns))
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		for i, j := range at {
			fields[i] = record[j]
		}
		if err := row(fields); err != nil {
			line, _ := r.FieldPos(0)
			return fmt.Errorf("line %d: %w", line, err)
		}
	}
}
