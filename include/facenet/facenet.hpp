// All of FaceNetLib at once.
#pragma once

#include <facenet/clusterer.hpp>
#include <facenet/codes.hpp>
#include <facenet/constraints.hpp>
#include <facenet/csv.hpp>
#include <facenet/dataset.hpp>
#include <facenet/detector.hpp>
#include <facenet/embedder.hpp>
#include <facenet/embeddings.hpp>
#include <facenet/error.hpp>
#include <facenet/evaluation.hpp>
#include <facenet/files.hpp>
#include <facenet/gallery.hpp>
#include <facenet/image.hpp>
#include <facenet/import.hpp>
#include <facenet/known_clusters.hpp>
#include <facenet/model.hpp>
#include <facenet/precision.hpp>
#include <facenet/recognizer.hpp>
#include <facenet/report.hpp>
#include <facenet/runtime.hpp>
#include <facenet/train/training.hpp>
#include <facenet/train/triplet_loss.hpp>
#include <facenet/train/triplet_miner.hpp>
#include <facenet/verifier.hpp>
#include <facenet/version.hpp>
