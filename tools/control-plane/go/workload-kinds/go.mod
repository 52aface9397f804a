module wave-cron.test/control-plane/workload-kinds

go 1.26.0

// Nothing of them is built: the definitions of their resources are in their folders.
require (
	github.com/argoproj/argo-rollouts v1.8.3
	github.com/openkruise/kruise v1.8.0
)
