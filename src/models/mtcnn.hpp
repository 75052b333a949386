// The three networks of MTCNN (Zhang et al., "Joint Face Detection and Alignment using Multi-task Cascaded
// Convolutional Networks", IEEE Signal Processing Letters 2016), with the weights of the Python package
// facenet-pytorch.
#pragma once

#include <map>
#include <string>

#include "graph/graph.hpp"

namespace facenet::models {

/// Weights by the names that facenet-pytorch gives them: "conv1.weight".
using Weights = std::map<std::string, Tensor>;

// Input: RGB planes [N,3,H,W], (value - 127.5) / 128. Output [N,D]: first the logit of "a face", whose sigmoid is the
// probability (a softmax of two is the sigmoid of their difference), then how far the box's corners x1, y1, x2, y2 lie
// from the window's, in its sides. InvalidArgument names a tensor that is missing, left over or of another shape.

/// P-Net looks through a window of 12x12 pixels every 2 pixels. It is in two parts, for any H and W, because between
/// them stands a maximum of 2x2 every 2 that knows where each picture on a canvas ends: an odd one's last is of 1 or 2.
/// D is 10 maps of H - 2 by W - 2, one after the other.
Graph pnet_start(const Weights& weights);
/// From those maps, halved, [N,10,H,W]: D is 5 maps of H - 4 by W - 4.
Graph pnet_rest(const Weights& weights);
/// 24x24, D = 5.
Graph rnet(const Weights& weights);
/// 48x48, D = 15: at the end five points in the window's sides, first all x, then all y.
Graph onet(const Weights& weights);

}  // namespace facenet::models
