package outlier

import (
	"math"

	"drumbeat/schemas"
	"drumbeat/stream/internal/codec"
)

// What a line is compared with is a running Huber mean of its SKU's lines, in logarithms (P. Huber,
// "Robust estimation of a location parameter", 1964): a line moves it by no more than the clip.
const (
	usualStep   = 1 << 10 // logarithms are kept in 1/usualStep: a tenth of a per cent
	usualLeast  = 5       // lines before there is a usual one
	usualMemory = 30      // lines
	sizeClip    = 1.0
	priceClip   = 0.25

	cheapPrice = 0.9 // times the usual price
)

var logCheapPrice = math.Log(cheapPrice)

// Line is a sale as one row of a document.
type Line struct{ Size, Price Log }

// lineOf is a line of so many units at a price, which is unknown if it is not above 0.
func lineOf(units, price float64) Line { return Line{LogOf(units), LogOf(price)} }

// Log is a natural logarithm in 1/usualStep: a tenth of a per cent is fine enough to tell a bargain.
type Log int16

// NoLog stands for no value.
const NoLog Log = math.MinInt16

// LogOf is the logarithm of v, NoLog where it has none.
func LogOf(v float64) Log {
	if !(v > 0) || math.IsInf(v, 1) {
		return NoLog
	}
	return Log(math.Round(clip(math.Log(v), math.MaxInt16/usualStep) * usualStep))
}

// Mark says how a line compares with the usual line of its SKU: whether its price is known with the
// usual one, whether it is low, whether the usual size is known, and in the bits from markClass on how
// large the line is. The zero value knows nothing.
type Mark uint8

const (
	markPrice Mark = 1 << iota
	markCheap      // less than cheapPrice times the usual price
	markSize
	markClass // the lowest bit of the size class

	markMost = markClass*sizeClasses - 1
)

// A size class is a factor of sqrt 2: class c is at least sqrt(2)^(c+1) times the usual size, but class 0
// has all that is smaller, and the last all that is larger.
const (
	sizeClasses = 16
	classLog    = math.Ln2 / 2
)

func (m Mark) class() int { return int(m / markClass) }

// usualLine is what the lines of a SKU were like up to a day.
type usualLine struct {
	size, price   Log
	sizes, prices uint8 // lines seen, at most usualMemory
}

// Usual follows the size and the price of a SKU's lines through its settled days, with what they were at
// the end of the last weeks (see priorDay). The zero value has seen nothing; an assignment makes an
// independent copy.
type Usual struct {
	now    usualLine
	last   schemas.Date
	former [formerPriors]formerLine // oldest first, the used ones last
}

// formerLine is what a usual line was at the end of a day; without sizes there is none.
type formerLine struct {
	usualLine
	asOf schemas.Date
}

// Learn takes the lines of a settled day, in any order; days come in theirs.
func (u *Usual) Learn(day schemas.Date, lines []Line) {
	next := u.now
	var size, price runningLog
	for _, l := range lines {
		if l.Size == NoLog {
			continue
		}
		size.add(l.Size, next.size, next.sizes, sizeClip)
		if l.Price != NoLog {
			price.add(l.Price, next.price, next.prices, priceClip)
		}
	}
	next.size, next.sizes = size.mean(next.size, next.sizes)
	next.price, next.prices = price.mean(next.price, next.prices)
	if size.n == 0 {
		return
	}
	if before := priorWeek(u.last); u.now.sizes > 0 && before < day {
		copy(u.former[:], u.former[1:])
		u.former[formerPriors-1] = formerLine{u.now, before}
	}
	if u.now.sizes == 0 {
		u.last = day
	}
	u.now, u.last = next, max(u.last, day)
}

// runningLog sums up logarithms of a day.
type runningLog struct{ sum, n int64 }

// add takes a value's distance from the mean of those before, clipped, or all of it where there are none.
func (s *runningLog) add(v, mean Log, before uint8, most float64) {
	log := int64(v)
	if before > 0 {
		limit := int64(most * usualStep)
		log = min(max(log-int64(mean), -limit), limit)
	}
	s.sum += log
	s.n++
}

func (s *runningLog) mean(mean Log, before uint8) (Log, uint8) {
	if s.n == 0 {
		return mean, before
	}
	v := int64(mean) + s.sum/(int64(before)+s.n)
	return Log(min(max(v, -math.MaxInt16), math.MaxInt16)), uint8(min(int64(before)+s.n, usualMemory))
}

// at is the usual line that a line of a day is compared with.
func (u *Usual) at(day schemas.Date) usualLine {
	asOf := priorDay(day)
	if u.last <= asOf {
		return u.now
	}
	for i := formerPriors - 1; i >= 0; i-- {
		if f := &u.former[i]; f.sizes > 0 && f.asOf <= asOf {
			return f.usualLine
		}
	}
	return usualLine{}
}

// Mark compares a line with the usual one of its day.
func (u *Usual) Mark(day schemas.Date, l Line) (m Mark) {
	of := u.at(day)
	if of.sizes >= usualLeast && l.Size != NoLog {
		over := float64(int(l.Size)-int(of.size)) / usualStep
		m = markSize | Mark(clamp(math.Floor(over/classLog)-1, 0, sizeClasses-1))*markClass
	}
	if of.prices >= usualLeast && l.Price != NoLog {
		m |= markPrice
		if float64(int(l.Price)-int(of.price))/usualStep < logCheapPrice {
			m |= markCheap
		}
	}
	return m
}

// Append encodes u: 2 bytes for a SKU without lines, else about 10, and as many for each former week.
func (u *Usual) Append(dst []byte) []byte {
	dst = append(dst, usualVersion)
	dst = u.now.append(dst)
	if u.now.sizes == 0 {
		return dst
	}
	dst = codec.AppendVarint(dst, int64(u.last))
	for i := range u.former {
		if f := &u.former[i]; f.sizes > 0 {
			dst = f.append(dst)
			dst = codec.AppendVarint(dst, int64(u.last)-int64(f.asOf))
		}
	}
	return append(dst, 0)
}

func (l *usualLine) append(dst []byte) []byte {
	dst = append(dst, l.sizes)
	if l.sizes == 0 {
		return dst
	}
	dst = append(dst, l.prices)
	dst = codec.AppendVarint(dst, int64(l.size))
	return codec.AppendVarint(dst, int64(l.price))
}

const usualVersion = 1

// DecodeUsual reads what Append wrote and returns what follows it.
func DecodeUsual(src []byte) (u Usual, rest []byte, err error) {
	in := codec.Reader{Rest: src}
	if v := in.Byte(); in.Err == nil && v != usualVersion {
		return Usual{}, nil, &codec.VersionError{What: "a usual line", Version: int(v)}
	}
	u.now.decode(&in)
	if u.now.sizes > 0 {
		u.last = schemas.Date(in.Int32())
		var list []formerLine
		for range formerPriors + 1 {
			var f formerLine
			f.decode(&in)
			if f.sizes == 0 {
				break
			}
			asOf := int64(u.last) - in.Varint()
			f.asOf = schemas.Date(asOf)
			if int64(f.asOf) != asOf || len(list) > 0 && list[len(list)-1].asOf >= f.asOf {
				in.Fail()
			}
			list = append(list, f)
		}
		if len(list) > formerPriors {
			in.Fail()
		} else {
			copy(u.former[formerPriors-len(list):], list)
		}
	}
	if in.Err != nil {
		return Usual{}, nil, in.Err
	}
	return u, in.Rest, nil
}

func (l *usualLine) decode(in *codec.Reader) {
	l.sizes = uint8(in.UpTo(usualMemory))
	if l.sizes == 0 {
		return
	}
	l.prices = uint8(in.UpTo(usualMemory))
	size, price := in.Varint(), in.Varint()
	l.size, l.price = Log(size), Log(price)
	if int64(l.size) != size || int64(l.price) != price || l.prices > l.sizes {
		in.Fail()
	}
}
