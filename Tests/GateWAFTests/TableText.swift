import GateWAF

/// Bytes of a text, for tests.
func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

extension VariableTable {
    /// The values of a variable, in their order.
    func values(_ variable: Variable) -> [String] {
        rows.filter { $0.variable == variable }.map { String(decoding: bytes[$0.value], as: UTF8.self) }
    }

    /// The names and values of a collection, in their order, as `name=value`.
    func pairs(_ variable: Variable) -> [String] {
        rows.filter { $0.variable == variable }.map {
            String(decoding: bytes[$0.name], as: UTF8.self) + "=" + String(decoding: bytes[$0.value], as: UTF8.self)
        }
    }

    /// The value of a variable of one value; empty where it has no row.
    func value(_ variable: Variable) -> String {
        let all = values(variable)
        return all.count > 1 ? "\(all.count) rows" : all.first ?? ""
    }
}
