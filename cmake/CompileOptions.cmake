# What every target of ours is compiled with.
add_library(facenet_options INTERFACE)
target_compile_features(facenet_options INTERFACE cxx_std_20)
target_compile_options(facenet_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
  $<$<BOOL:${FACENET_WARNINGS_AS_ERRORS}>:-Werror>)
if(FACENET_SANITIZE)
  target_compile_options(facenet_options INTERFACE -fsanitize=${FACENET_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(facenet_options INTERFACE -fsanitize=${FACENET_SANITIZE})
endif()
