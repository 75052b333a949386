// Changes of a gallery: to the store first, and then to memory.
#include <algorithm>
#include <map>

#include "facenet/gallery.hpp"
#include "gallery/gallery_impl.hpp"
#include "gallery/open_set.hpp"

namespace facenet {
namespace {

constexpr std::size_t kMaxText = std::size_t{1} << 20U;

std::string quoted(const std::string& name) { return "'" + printable(name) + "'"; }

void require_text(const std::string& text, const char* what) {
  if (text.find('\0') != std::string::npos) {
    throw InvalidArgument("Gallery: " + std::string(what) + " holds a zero byte: " + quoted(text));
  }
  if (text.size() > kMaxText) {
    throw InvalidArgument("Gallery: " + std::string(what) + " of " + std::to_string(text.size()) + " bytes; at most " +
                          std::to_string(kMaxText));
  }
}

void require_name(const std::string& name) {
  if (name.empty()) throw InvalidArgument("Gallery: a person needs a name");
  require_text(name, "a name");
}

void require_image(const EnrolledImage& image) {
  require_text(image.image, "an image's file name");
  const bool hexadecimal = image.digest.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!image.digest.empty() && (image.digest.size() != 64 || !hexadecimal)) {
    throw InvalidArgument("Gallery: the digest of " + quoted(image.image) + " is not 64 hexadecimal digits");
  }
}

// A writer's turn: begins with what other processes have written, and undoes what was not finished.
template <typename Impl>
class Change {
 public:
  explicit Change(Impl& gallery) : gallery_(gallery), turn_(gallery.changing) {
    if (!gallery.store) return;
    if (gallery.access == GalleryAccess::read_only) {
      throw InvalidArgument("the gallery '" + printable(gallery.path) + "' was opened to be read only");
    }
    gallery.store->begin();
    try {
      if (gallery.store->changes() != gallery.known) gallery.take(gallery.store->load());
    } catch (...) {
      gallery.store->rollback();
      throw;
    }
  }
  ~Change() {
    if (gallery_.store && !committed_) gallery_.store->rollback();
  }
  Change(const Change&) = delete;
  Change& operator=(const Change&) = delete;

  GalleryStore* store() { return gallery_.store.get(); }

  /// Makes it last, and then shows it: `memory` changes what is searched.
  template <typename Memory>
  void finish(const Memory& memory) {
    const std::int64_t next = gallery_.known + 1;
    if (gallery_.store) {
      gallery_.store->commit();
      committed_ = true;
      gallery_.known = -1;  // read again by the next change, should memory run out in this one
    }
    {
      const auto lock = gallery_.writing();
      memory(gallery_.enrolled);
    }
    if (!gallery_.store) return;
    gallery_.known = next;
    try {
      gallery_.store->scrub();
    } catch (const Error& error) {
      throw IoError(std::string("the change is made, but traces of what was removed are still in the file: ") +
                    error.what() + ". The next change or opening of the gallery clears them");
    }
  }

 private:
  Impl& gallery_;
  std::lock_guard<std::mutex> turn_;
  bool committed_ = false;
};

}  // namespace

void Gallery::add(const std::string& name, std::span<const float> embedding) {
  Enrolment one;
  one.person = name;
  one.embedding.assign(embedding.begin(), embedding.end());
  add(std::span(&one, 1));
}

void Gallery::add(std::span<const Enrolment> images) {
  for (const Enrolment& image : images) {
    require_name(image.person);
    require_image(image);
    if (image.embedding.empty())
      throw InvalidArgument("Gallery: the embedding of " + quoted(image.person) + " is empty");
    require_directions({image.embedding.size(), image.embedding}, "Gallery, the embedding to add");
    if (image.embedding.size() != images[0].embedding.size()) {
      throw InvalidArgument("Gallery: embeddings of dimension " + std::to_string(images[0].embedding.size()) + " and " +
                            std::to_string(image.embedding.size()) + "; all must come from the same model");
    }
  }
  if (images.empty()) return;
  Change change(*impl_);
  const Enrolled& enrolled = impl_->enrolled;
  impl_->check_dimension(images[0].embedding.size(), quoted(images[0].person));
  std::vector<StoredPerson> fresh;
  std::map<std::string, std::size_t> places;
  std::vector<Enrolled::OneImage> added;
  for (const Enrolment& image : images) {
    auto place = places.find(image.person);
    if (place == places.end()) {
      std::size_t known = enrolled.find(image.person);
      if (known == enrolled.people().size()) {
        known += fresh.size();
        fresh.push_back(
            {enrolled.next_person_id() + static_cast<std::int64_t>(fresh.size()), image.person, std::string()});
        if (change.store() != nullptr) change.store()->add_person(fresh.back());
      }
      place = places.emplace(image.person, known).first;
    }
    EnrolledImage about = image;
    about.id = 0;
    about.person.clear();
    const auto id = enrolled.next_image_id() + static_cast<std::int64_t>(added.size());
    added.push_back({id, place->second, std::move(about)});
    if (change.store() == nullptr) continue;
    const std::size_t before = enrolled.people().size();
    const std::int64_t person =
        place->second < before ? enrolled.people()[place->second].id : fresh[place->second - before].id;
    change.store()->add_image({id, person, added.back().about}, image.embedding);
  }
  change.finish([&](Enrolled& memory) {
    for (auto& person : fresh) memory.add_person(std::move(person));
    for (std::size_t i = 0; i < images.size(); ++i) memory.add_image(std::move(added[i]), images[i].embedding);
  });
}

std::int64_t Gallery::remove(const std::string& name) {
  Change change(*impl_);
  const Enrolled& enrolled = impl_->enrolled;
  const std::size_t place = enrolled.find(name);
  if (place == enrolled.people().size()) return 0;
  std::vector<bool> gone(enrolled.images().size());
  for (const std::size_t row : enrolled.people()[place].rows) {
    gone[row] = true;
    if (change.store() != nullptr) change.store()->remove_image(enrolled.images()[row].id);
  }
  const auto count = static_cast<std::int64_t>(enrolled.people()[place].rows.size());
  if (change.store() != nullptr) change.store()->remove_person(enrolled.people()[place].id);
  change.finish([&](Enrolled& memory) { memory.remove(gone); });
  return count;
}

bool Gallery::remove_image(std::int64_t id) {
  Change change(*impl_);
  const Enrolled& enrolled = impl_->enrolled;
  const auto& images = enrolled.images();
  const auto found = std::find_if(images.begin(), images.end(), [&](const auto& image) { return image.id == id; });
  if (found == images.end()) return false;
  std::vector<bool> gone(images.size());
  gone[static_cast<std::size_t>(found - images.begin())] = true;
  if (change.store() != nullptr) {
    change.store()->remove_image(id);
    const auto& person = enrolled.people()[found->person];
    if (person.rows.size() == 1) change.store()->remove_person(person.id);
  }
  change.finish([&](Enrolled& memory) { memory.remove(gone); });
  return true;
}

void Gallery::rename(const std::string& from, const std::string& to) {
  Change change(*impl_);
  const Enrolled& enrolled = impl_->enrolled;
  const std::size_t place = impl_->person(from);
  require_name(to);
  if (from == to) return;
  if (enrolled.find(to) != enrolled.people().size()) {
    throw InvalidArgument("Gallery: somebody else is already called " + quoted(to) + "; merge them if they are one");
  }
  const auto& person = enrolled.people()[place];
  if (change.store() != nullptr) change.store()->update_person({person.id, to, person.metadata});
  change.finish([&](Enrolled& memory) { memory.rename(place, to); });
}

void Gallery::merge(const std::string& from, const std::string& into) {
  Change change(*impl_);
  const std::size_t source = impl_->person(from);
  const std::size_t target = impl_->person(into);
  if (source == target) throw InvalidArgument("Gallery: " + quoted(from) + " cannot be merged into themselves");
  if (change.store() != nullptr) {
    const auto& people = impl_->enrolled.people();
    change.store()->move_images(people[source].id, people[target].id);
    change.store()->remove_person(people[source].id);
  }
  change.finish([&](Enrolled& memory) { memory.merge(source, target); });
}

void Gallery::set_metadata(const std::string& name, const std::string& metadata) {
  require_text(metadata, "metadata");
  Change change(*impl_);
  const std::size_t place = impl_->person(name);
  const auto& person = impl_->enrolled.people()[place];
  if (change.store() != nullptr) change.store()->update_person({person.id, person.name, metadata});
  change.finish([&](Enrolled& memory) { memory.set_metadata(place, metadata); });
}

void Gallery::migrate(const GalleryModel& to, std::span<const std::int64_t> ids, const Embeddings& embeddings) {
  if (to.dimension < 1 || to.fingerprint.empty()) {
    throw InvalidArgument("Gallery::migrate: needs the new model's fingerprint and dimension");
  }
  if (ids.size() != embeddings.size() ||
      (ids.size() > 0 && embeddings.dimension != static_cast<std::size_t>(to.dimension))) {
    throw InvalidArgument("Gallery::migrate: " + std::to_string(ids.size()) + " images, " +
                          std::to_string(embeddings.size()) + " embeddings of dimension " +
                          std::to_string(embeddings.dimension) + " for a model of " + std::to_string(to.dimension));
  }
  require_directions(embeddings, "Gallery::migrate");
  Change change(*impl_);
  const auto& images = impl_->enrolled.images();
  std::map<std::int64_t, std::size_t> rows;
  for (std::size_t i = 0; i < ids.size(); ++i) rows.emplace(ids[i], i);
  Embeddings ordered{static_cast<std::size_t>(to.dimension), {}};
  for (const auto& image : images) {
    const auto row = rows.find(image.id);
    if (row == rows.end()) break;
    ordered.append(embeddings[row->second]);
  }
  if (rows.size() != ids.size() || ordered.size() != images.size() || rows.size() != images.size()) {
    throw InvalidArgument(
        "Gallery::migrate: the images given are not those of the gallery; it may have been changed "
        "meanwhile. Nothing was changed");
  }
  if (change.store() != nullptr) {
    for (std::size_t i = 0; i < images.size(); ++i) change.store()->set_embedding(images[i].id, ordered[i]);
    change.store()->set_model(to);
    change.store()->set_calibration(std::nullopt);
  }
  change.finish([&](Enrolled& memory) { memory.migrate(to, std::move(ordered)); });
}

void Gallery::set_ranking(PersonRanking ranking) {
  Change change(*impl_);
  if (impl_->enrolled.ranking() == ranking) return;
  if (change.store() != nullptr) {
    change.store()->set_ranking(ranking);
    change.store()->set_calibration(std::nullopt);
  }
  change.finish([&](Enrolled& memory) {
    memory.calibration.reset();
    memory.set_ranking(ranking);
  });
}

OpenSetCalibration Gallery::calibrate(double fpir, const Embeddings& strangers, const std::string& data) {
  require_text(data, "the description of the strangers");
  OpenSetCalibration result;
  {
    const auto lock = impl_->reading();
    impl_->check(strangers, 1);
    result = calibrate_open_set(impl_->enrolled, fpir, strangers, data);
  }
  Change change(*impl_);
  if (change.store() != nullptr) change.store()->set_calibration(result);
  change.finish([&](Enrolled& memory) { memory.calibration = result; });
  return result;
}

}  // namespace facenet
