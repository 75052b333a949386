# Writes OUTPUT with the commit of SOURCE_DIR ("" outside a git checkout), only when it changed.
execute_process(COMMAND git -C ${SOURCE_DIR} describe --always --dirty --abbrev=12 --exclude=*
  OUTPUT_VARIABLE commit ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
# A copy of the sources inside somebody else's repository has no commit of its own.
if(NOT EXISTS ${SOURCE_DIR}/.git)
  set(commit "")
endif()
set(content "#define FACENET_COMMIT \"${commit}\"\n")
if(EXISTS ${OUTPUT})
  file(READ ${OUTPUT} former)
endif()
if(NOT content STREQUAL "${former}")
  file(WRITE ${OUTPUT} "${content}")
endif()
