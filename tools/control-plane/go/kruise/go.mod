module wave-cron.test/control-plane/kruise

go 1.26.0

// Nothing of it is built: the definitions of its resources are in its folder config.
require github.com/openkruise/kruise v1.8.0
