#!/bin/sh
# The main job, end to end: 200 messy rows in, leads in the (built-in) CRM, a report that accounts for every row.
# `make demo` calls it. IMPORTER is the command to run, PYTHON a Python for showing a CSV file.
set -u
cd "$(dirname "$0")/.." || exit 70
IMPORTER=${IMPORTER:-importer}
PYTHON=${PYTHON:-python3}
MAPPING=mappings/weekly-webinar.yaml

echo "A weekly list of 200 rows, as people keep it by hand, goes to the built-in sandbox: a server on this machine"
echo "that speaks the Leads API at its real speed, 10 requests a second. Nothing leaves this machine."
echo
echo "\$ $IMPORTER run samples/weekly-webinar.xlsx -m $MAPPING --sandbox --yes"
echo
# What was asked for comes on stdout, after the last row; progress goes to stderr and is seen at once.
summary=$($IMPORTER run samples/weekly-webinar.xlsx -m "$MAPPING" --sandbox --yes)
code=$?
printf '%s\n\n' "$summary"

case $code in
0) echo "The run ended with exit code 0: nothing needs fixing." ;;
1) echo "The run ended with exit code 1. That is not a failure: some rows need fixing." ;;
*)
    echo "The run ended with exit code $code, which the demo does not expect." >&2
    exit "$code"
    ;;
esac

rejects=$(printf '%s\n' "$summary" | sed -n 's/^Rows to fix:  //p')
folder=$(dirname "$rejects")
if [ "$code" -eq 1 ]; then
    echo "Row by row, with the row numbers of the spreadsheet:"
    echo
    "$PYTHON" samples/show_rejects.py "$rejects" || exit 70
fi

echo
echo "What next?"
echo "  Look at the report:        $folder/"
if [ "$code" -eq 1 ]; then
    echo "  Fix the rows, in place:    $rejects"
    echo "  and import the file again, with the same mapping:"
    echo "                             $IMPORTER run $rejects -m $MAPPING --sandbox"
fi
echo "  Check a list of your own:  $IMPORTER check YOUR-LIST.xlsx -m YOUR-MAPPING.yaml   (sends nothing)"
echo "  Learn to write a mapping:  $MAPPING, docs/mapping.md"
exit 0
