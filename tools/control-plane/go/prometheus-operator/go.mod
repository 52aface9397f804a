module wave-cron.test/control-plane/prometheus-operator

go 1.26.7

// Nothing of it is built: the definitions of its resources are in its folder example.
require github.com/prometheus-operator/prometheus-operator v0.85.0
