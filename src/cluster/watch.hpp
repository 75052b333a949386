// Progress and stopping of long work.
#pragma once

#include <stop_token>

#include "facenet/clusterer.hpp"
#include "facenet/error.hpp"

namespace facenet {

class Watch {
 public:
  Watch(const ClusterProgress& progress, std::stop_token stop) : progress_(progress), stop_(std::move(stop)) {}

  /// Reports each further hundredth; throws Interrupted when asked to stop.
  void at(double done) {
    if (stop_.stop_requested()) throw Interrupted("clustering was stopped; nothing was saved");
    if (progress_ && (done >= next_ || done >= 1)) {
      progress_(done);
      next_ = done + 0.01;
    }
  }
  /// The same for a part of the work, which is not reported on.
  Watch quiet() const {
    static const ClusterProgress kNone;
    return {kNone, stop_};
  }

 private:
  const ClusterProgress& progress_;
  std::stop_token stop_;
  double next_ = 0;
};

}  // namespace facenet
