#!/usr/bin/env bash
# Checks descriptions, and reviews what a pull or merge request changes in them: for ci/github/action.yml and
# ci/gitlab/mailwright.yml. What it has to know comes in variables, so nothing that somebody wrote into a branch's
# name, a file or a title is ever code here.
#
#   MAILWRIGHT_DESCRIPTIONS  paths, one to a line
#   MAILWRIGHT_BASE          the commit that the request starts from; empty: there is no request, so check alone
#   MAILWRIGHT_FAIL_ON       low, medium, high: the gravest risk that is let pass is below it; never: any
#   MAILWRIGHT_PERSONAL      true: comments, annotations and the log name people
#   MAILWRIGHT_COMMENT       true: a comment is written (ci/comment.py, which has variables of its own)
#   MAILWRIGHT_SERVICE       github, gitlab
#   MAILWRIGHT_OUT           a folder for what is kept: review-1.md, review-1.html, …, and check.xml for GitLab
#   MAILWRIGHT_FULL_REPORT   the address where that is found
#
# Exit status: 0; 1 a requirement is broken, or a risk is too grave; 2 something cannot be used.
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd) || exit 2
out=$MAILWRIGHT_OUT
mkdir -p "$out" || exit 2
worst=0

# The gravest of all statuses is this script's.
note() { if (($1 > worst)); then worst=$1; fi; }

# Shows a file in the job's log. GitHub takes lines of a log for commands, unless a word nobody can guess says not to.
show() {
  if [[ $MAILWRIGHT_SERVICE == github ]]; then
    local word
    word=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    printf '::stop-commands::%s\n' "$word"
    cat -- "$1"
    printf '\n::%s::\n' "$word"
  else
    cat -- "$1"
  fi
}

descriptions=()
while IFS= read -r line; do
  if [[ -n $line ]]; then descriptions+=("$line"); fi
done <<<"$MAILWRIGHT_DESCRIPTIONS"
if ((${#descriptions[@]} == 0)); then
  echo "No description is named."
  exit 2
fi

for description in "${descriptions[@]}"; do
  if [[ $description == /* ]]; then
    echo "A description is named by an absolute path: name it from the folder on in which the job runs."
    exit 2
  fi
done
people=()
if [[ $MAILWRIGHT_PERSONAL != true ]]; then people=(--impersonal); fi

echo "Checking ${#descriptions[@]} description(s) ..."
if [[ $MAILWRIGHT_SERVICE == github ]]; then
  mailwright check --format github "${people[@]}" -- "${descriptions[@]}" 2>"$out/messages.txt" # its lines are commands, on purpose
  note $?
else
  mailwright check "${people[@]}" -- "${descriptions[@]}" >"$out/messages.txt" 2>&1
  note $?
  mailwright check --format junit "${people[@]}" -- "${descriptions[@]}" >"$out/check.xml" 2>/dev/null
fi
show "$out/messages.txt"

number=0
for description in "${descriptions[@]}"; do
  number=$((number + 1))
  if [[ -z $MAILWRIGHT_BASE ]]; then continue; fi
  page=$out/review-$number.html comment=$out/review-$number.md
  # The files as they are checked out are reviewed, since they are what is checked, and what is built.
  old=$(git merge-base -- "$MAILWRIGHT_BASE" HEAD 2>/dev/null)
  if [[ -z $old ]]; then
    old=$MAILWRIGHT_BASE...HEAD # which mailwright cannot use either, but it says why
    note 2
  fi
  options=()
  if [[ $MAILWRIGHT_PERSONAL == true ]]; then options+=(--personal); fi
  if [[ $MAILWRIGHT_FAIL_ON != never ]]; then options+=(--fail-on "$MAILWRIGHT_FAIL_ON"); fi
  mailwright diff --format markdown --full-report "$MAILWRIGHT_FULL_REPORT" --tell-new "${options[@]}" \
    "$old" -- "$description" >"$comment" 2>"$out/messages.txt"
  status=$?
  if ((status == 3)); then
    printf 'A description is new here, so there is nothing to compare it with: it is checked alone.\n' >"$comment"
  else
    note $status
    show "$out/messages.txt"
    if ((status < 2)); then
      mailwright diff --format html "$old" -- "$description" >"$page" 2>/dev/null
      note $?
    else
      printf 'The descriptions before and after this change cannot be compared: the log of the job says why.\n' >"$comment"
    fi
  fi
  show "$comment"
  if [[ -n ${GITHUB_STEP_SUMMARY:-} ]]; then cat -- "$comment" >>"$GITHUB_STEP_SUMMARY"; fi
  if [[ $MAILWRIGHT_COMMENT == true ]]; then
    python3 -I "$here/comment.py" "$comment" "$description"
    note $?
  fi
done
rm -f -- "$out/messages.txt"
exit "$worst"
