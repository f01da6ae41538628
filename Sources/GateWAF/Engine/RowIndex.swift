/// The rows of the message by variable, each with its value and the number of its name.
struct RowIndex {
    /// A row.
    struct Row {
        /// Its value in the store.
        var value: Int32
        /// The number of its name among those that rules select; -1 for any other.
        let name: Int32
        /// What rules look at it for, see `PlanClasses`.
        let rowClass: Int32
        /// The next row of the same variable; -1 after the last.
        var next: Int32
    }

    private(set) var rows: [Row] = []
    /// By variable: its first and last row, -1 without one, and how many there are.
    private var first: [Int32]
    private var last: [Int32]
    private var counts: [Int32]

    init() {
        first = Array(repeating: -1, count: Variable.allCases.count)
        last = first
        counts = Array(repeating: 0, count: Variable.allCases.count)
    }

    /// Forgets all rows.
    mutating func removeAll() {
        rows.removeAll(keepingCapacity: true)
        for index in first.indices {
            first[index] = -1
            last[index] = -1
            counts[index] = 0
        }
    }

    /// Takes up what was added to the table; rows of one value that were set anew get their new value.
    mutating func update(_ table: borrowing VariableTable, _ plan: borrowing Plan, _ values: inout ValueStore) {
        for index in rows.indices {
            let range = table.rows[index].value
            if !range.isEmpty, values.values[Int(rows[index].value)].blob.range != range {
                rows[index].value = values.message(range)
            }
        }
        for index in rows.count..<max(table.rows.count, rows.count) {
            let row = table.rows[index]
            var name: Int32 = -1
            let variable = row.variable.index
            if plan.selectsNames[variable], let number = plan.names.find(table.span(row.name), space: 0) {
                name = Int32(truncatingIfNeeded: number)
            }
            rows.append(
                Row(
                    value: values.message(row.value), name: name, rowClass: plan.classes.of(row.variable, name: name),
                    next: -1))
            let number = Int32(truncatingIfNeeded: index)
            if last[variable] >= 0 {
                rows[Int(last[variable])].next = number
            } else {
                first[variable] = number
            }
            last[variable] = number
            counts[variable] &+= 1
        }
    }

    /// The first row of a variable; -1 without one.
    @inline(__always)
    func first(of variable: Variable) -> Int32 { first[variable.index] }

    /// How many rows a variable has.
    @inline(__always)
    func count(of variable: Variable) -> Int { Int(counts[variable.index]) }
}
