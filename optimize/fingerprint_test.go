package optimize

import (
	"reflect"
	"testing"
)

// Every field of an SKU but its name is in its fingerprint: what the LP is made of cannot change unnoticed.
func TestFingerprintKnowsEveryField(t *testing.T) {
	base := SKU{Demand: []float64{1, 2}, Uses: []Use{{0, 1}}, Pins: []Pin{{0, 1, 2}}, HasBaseline: []bool{true, false}}
	fields := reflect.TypeFor[SKU]()
	for i := range fields.NumField() {
		name := fields.Field(i).Name
		if name == "Name" {
			continue
		}
		sku := base
		switch f := reflect.ValueOf(&sku).Elem().Field(i); f.Kind() {
		case reflect.Float64:
			f.SetFloat(3)
		case reflect.Int:
			f.SetInt(3)
		case reflect.Slice:
			changed := reflect.MakeSlice(f.Type(), 2, 2)
			reflect.Copy(changed, f)
			switch e := changed.Index(1); e.Kind() {
			case reflect.Float64:
				e.SetFloat(3)
			case reflect.Bool:
				e.SetBool(!e.Bool())
			case reflect.Struct:
				for k := range e.NumField() {
					one := sku
					list := reflect.MakeSlice(f.Type(), 1, 1)
					reflect.Copy(list, f)
					if v := list.Index(0).Field(k); v.Kind() == reflect.Int {
						v.SetInt(7)
					} else {
						v.SetFloat(7)
					}
					reflect.ValueOf(&one).Elem().Field(i).Set(list)
					if one.fingerprint() == base.fingerprint() {
						t.Errorf("%s.%s is not in the fingerprint", name, e.Type().Field(k).Name)
					}
				}
			}
			f.Set(changed)
		default:
			t.Fatalf("%s is of kind %v, which this test does not know", name, f.Kind())
		}
		if sku.fingerprint() == base.fingerprint() {
			t.Errorf("%s is not in the fingerprint", name)
		}
	}
}
