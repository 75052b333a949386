// Gallery: opened, read and searched by any number of threads.
#include "facenet/gallery.hpp"

#include <algorithm>
#include <map>

#include "base/files.hpp"
#include "base/sha256.hpp"
#include "facenet/error.hpp"
#include "facenet/files.hpp"
#include "gallery/gallery_impl.hpp"
#include "gallery/open_set.hpp"

namespace facenet {

#ifndef FACENET_HAVE_SQLITE
namespace {
[[noreturn]] void no_sqlite() {
  throw InvalidArgument(
      "this FaceNetLib was built without SQLite, so galleries live in memory only; build it with "
      "-DFACENET_WITH_SQLITE=ON (Debian: libsqlite3-dev)");
}
}  // namespace
std::unique_ptr<GalleryStore> create_store(const std::filesystem::path&, const GalleryModel&) { no_sqlite(); }
std::unique_ptr<GalleryStore> open_store(const std::filesystem::path&, GalleryAccess) { no_sqlite(); }
#endif

std::string file_digest(const std::filesystem::path& path) {
  Sha256 digest;
  const auto bytes = read_file(path, std::uint64_t{1} << 30U);
  digest.update(std::as_bytes(std::span(bytes)));
  return digest.hex();
}

Gallery::Gallery() : impl_(std::make_unique<Impl>()) {}
Gallery::Gallery(Verifier verifier) : Gallery() { impl_->verifier = std::move(verifier); }
Gallery::Gallery(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Gallery::~Gallery() = default;
Gallery::Gallery(Gallery&&) noexcept = default;
Gallery& Gallery::operator=(Gallery&&) noexcept = default;

Gallery Gallery::create(const std::filesystem::path& path, const GalleryModel& model) {
  auto impl = std::make_unique<Impl>();
  impl->store = create_store(path, model);
  impl->path = path;
  impl->take(impl->store->load());
  return Gallery(std::move(impl));
}

Gallery Gallery::open(const std::filesystem::path& path, const std::string& fingerprint, GalleryAccess access) {
  auto impl = std::make_unique<Impl>();
  impl->store = open_store(path, access);
  impl->path = path;
  impl->access = access;
  impl->take(impl->store->load());
  const std::string& own = impl->enrolled.model.fingerprint;
  if (!fingerprint.empty() && fingerprint != own) {
    throw InvalidArgument("the gallery '" + printable(path) + "' holds embeddings of the model " + own.substr(0, 16) +
                          ", which cannot be compared with those of " + fingerprint.substr(0, 16) +
                          ". Use that model, or embed its images again (facenet gallery migrate)");
  }
  return Gallery(std::move(impl));
}

std::int64_t Gallery::size() const {
  const auto lock = impl_->reading();
  return static_cast<std::int64_t>(impl_->enrolled.images().size());
}

std::vector<Person> Gallery::people() const {
  const auto lock = impl_->reading();
  std::vector<Person> result;
  for (const auto& [name, place] : impl_->enrolled.names()) {
    const auto& person = impl_->enrolled.people()[place];
    result.push_back({name, static_cast<std::int64_t>(person.rows.size()), person.metadata});
  }
  return result;
}

std::vector<EnrolledImage> Gallery::images(const std::string& person) const {
  const auto lock = impl_->reading();
  std::vector<EnrolledImage> result;
  for (const auto& image : impl_->enrolled.images()) {
    const std::string& name = impl_->enrolled.people()[image.person].name;
    if (!person.empty() && name != person) continue;
    result.push_back(image.about);
    result.back().id = image.id;
    result.back().person = name;
  }
  return result;
}

GalleryModel Gallery::model() const {
  const auto lock = impl_->reading();
  return impl_->enrolled.model;
}

const std::filesystem::path& Gallery::path() const { return impl_->path; }

bool Gallery::refresh() {
  const std::lock_guard turn(impl_->changing);
  if (!impl_->store || impl_->store->changes() == impl_->known) return false;
  impl_->take(impl_->store->load());
  return true;
}

GalleryCheck Gallery::check() const {
  GalleryCheck result;
  {
    const std::lock_guard turn(impl_->changing);
    if (impl_->store) result.faults = impl_->store->faults();
  }
  const auto lock = impl_->reading();
  std::map<std::string, std::vector<std::size_t>> digests;
  const auto& images = impl_->enrolled.images();
  for (std::size_t i = 0; i < images.size(); ++i) {
    if (images[i].about.digest.empty()) continue;
    auto& former = digests[images[i].about.digest];
    for (const std::size_t other : former) {
      if (images[other].person != images[i].person) result.doubles.emplace_back(images[other].id, images[i].id);
    }
    former.push_back(i);
  }
  return result;
}

PersonRanking Gallery::ranking() const {
  const auto lock = impl_->reading();
  return impl_->enrolled.ranking();
}

void Gallery::set_search(GallerySearch search, const GalleryProgress& progress, const std::stop_token& stop) {
  const std::lock_guard turn(impl_->changing);  // nothing changes while the index is made; searches go on
  Entries entries = impl_->enrolled.entries_for(search, progress, stop);
  const auto lock = impl_->writing();
  impl_->enrolled.set_entries(std::move(entries));
}

GallerySearchInfo Gallery::search_info() const {
  const auto lock = impl_->reading();
  return impl_->enrolled.entries().info();
}

std::optional<OpenSetCalibration> Gallery::calibration() const {
  const auto lock = impl_->reading();
  return impl_->enrolled.calibration;
}

float Gallery::threshold(double fpir) const {
  const auto lock = impl_->reading();
  return open_set_threshold(impl_->enrolled.calibration, impl_->enrolled.comparisons(), fpir);
}

void Gallery::set_verifier(std::optional<Verifier> verifier) {
  const auto lock = impl_->writing();
  impl_->verifier = std::move(verifier);
}

std::vector<Candidate> Gallery::search(std::span<const float> embedding, std::int32_t k) const {
  if (embedding.empty()) throw InvalidArgument("Gallery: the embedding is empty");
  const Embeddings one{embedding.size(), {embedding.begin(), embedding.end()}};
  const auto lock = impl_->reading();
  impl_->check(one, k);
  return impl_->identity(impl_->enrolled.search(one, k)[0], 0).candidates;
}

Identity Gallery::identify(std::span<const float> embedding, std::int32_t k) const {
  if (embedding.empty()) throw InvalidArgument("Gallery: the embedding is empty");
  return identify(Embeddings{embedding.size(), {embedding.begin(), embedding.end()}}, k)[0];
}

std::vector<Identity> Gallery::identify(const Embeddings& embeddings, std::int32_t k) const {
  const auto lock = impl_->reading();
  const Enrolled& enrolled = impl_->enrolled;
  if (!impl_->verifier && !enrolled.calibration) {
    throw InvalidArgument(
        "Gallery: cannot tell a person from a stranger without a threshold; calibrate it (facenet "
        "gallery calibrate G --fpir R), give it a Verifier, or take search");
  }
  impl_->check(embeddings, k);
  const float threshold =
      impl_->verifier ? impl_->verifier->threshold()
                      : open_set_threshold(enrolled.calibration, enrolled.comparisons(), enrolled.calibration->fpir);
  std::vector<Identity> results;
  for (const auto& found : enrolled.search(embeddings, k)) results.push_back(impl_->identity(found, threshold));
  return results;
}

}  // namespace facenet
