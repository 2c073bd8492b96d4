namespace Sss.Core

/// An array of numbers with its shape; the values are in row-major order. `'T` is `float32` for
/// networks that are trained and `float` where something is proved at double precision.
/// Its maker never writes to its data again.
type Tensor<'T> = { Shape: int list; Data: 'T[] }

/// The numbers of a network, by key: factors where the network has them. The iterate's factors, never
/// the probe's.
type Weights<'T> = Map<ArrayKey, Tensor<'T>>
