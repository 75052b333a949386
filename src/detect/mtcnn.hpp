// MTCNN: three networks that look at an image's windows one after the other.
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include <facenet/detector.hpp>

#include "detect/boxes.hpp"
#include "detect/pyramid.hpp"
#include "infer/plan_cache.hpp"
#include "io/detector_file.hpp"

namespace facenet::detect {

/// The networks with their compiled plans. Thread-safe; shared by all detectors made of them.
class Networks {
 public:
  /// InvalidArgument when the tensors are not those of MTCNN.
  explicit Networks(DetectorData weights);

  const DetectorData& data() const { return data_; }
  /// P-Net for a canvas of even size: its start, and its rest. Keeps the 16 used last.
  struct Pnet {
    std::shared_ptr<const Plan> start, rest;
  };
  Pnet pnet(int width, int height, int threads) const;

 private:
  struct Sized {
    int width, height, threads;
    Pnet plans;
  };
  const DetectorData data_;
  const Graph pnet_start_;
  const Graph pnet_rest_;
  mutable std::mutex mutex_;
  mutable std::list<Sized> plans_;  // most recent first

 public:
  const PlanCache rnet;
  const PlanCache onet;
};

struct Found {
  Candidate candidate;
  Landmarks landmarks{};
};

/// One thread's way through the networks.
class Mtcnn {
 public:
  Mtcnn(std::shared_ptr<const Networks> networks, const DetectorOptions& options);

  /// Upright faces, the most probable first.
  std::vector<Found> run(const Image& image);

 private:
  struct Rows {
    std::size_t width = 0;  ///< numbers in a row
    std::vector<float> values;
  };
  std::vector<Candidate> propose(const Image& image);
  void collect(const Piece& piece, std::span<const float> maps, const Packing& packing, double scale,
               std::vector<Candidate>& list) const;
  /// A network's output for the part of the image in each box, side x side.
  Rows look(const PlanCache& plans, const Image& image, const std::vector<Candidate>& list, int side);
  Context& context(const std::shared_ptr<const Plan>& plan);

  std::shared_ptr<const Networks> networks_;
  DetectorOptions options_;
  std::list<std::pair<std::shared_ptr<const Plan>, Context>> contexts_;  // the 24 used last
};

}  // namespace facenet::detect
