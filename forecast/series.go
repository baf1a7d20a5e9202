// Package forecast turns a demand history into the distribution of future demand.
package forecast
