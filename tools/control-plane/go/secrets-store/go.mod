module wave-cron.test/control-plane/secrets-store

go 1.26.0

// Nothing of it is built: the definitions of its resources are in its folder config.
require sigs.k8s.io/secrets-store-csi-driver v1.5.3
