//! catalog-info.yaml: components of a Backstage catalogue
//! (<https://backstage.io/docs/features/software-catalog/descriptor-format>).

use serde_json::Value;

/// A component that a catalogue file describes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::index::discover) struct Component {
    pub name: String,
    pub library: bool,
    /// Owner as written, without the prefix `group:default/`.
    pub owner: Option<String>,
    /// Folder relative to the file's, where an annotation names one.
    pub folder: Option<String>,
    /// Folder relative to the repository, where a source location names one.
    pub path: Option<String>,
    /// Names of components that it depends on.
    pub depends: Vec<String>,
}

/// The components of a catalogue file, in order; other kinds are left out.
pub(in crate::index::discover) fn read(text: &str) -> Result<Vec<Component>, String> {
    let documents: Vec<Value> = serde_saphyr::from_multiple(text).map_err(|e| e.to_string())?;
    Ok(documents.iter().filter_map(component).collect())
}

fn component(document: &Value) -> Option<Component> {
    let text = |path: &str| document.pointer(path).and_then(Value::as_str).map(str::to_string);
    if document.get("kind").and_then(Value::as_str) != Some("Component") {
        return None;
    }
    let location = document.pointer("/metadata/annotations").and_then(|a| a.get("backstage.io/source-location")).and_then(Value::as_str);
    let folder = location.and_then(|l| l.strip_prefix("dir:")).map(str::to_string);
    // url:https://host/org/repo/tree/main/services/orders/
    let path = location
        .and_then(|l| l.split_once("/tree/"))
        .and_then(|(_, rest)| rest.split_once('/'))
        .map(|(_, path)| path.trim_matches('/').to_string());
    let depends = document.pointer("/spec/dependsOn").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    Some(Component {
        name: text("/metadata/name")?,
        library: text("/spec/type").is_some_and(|t| t == "library"),
        owner: text("/spec/owner").map(|owner| plain(&owner)),
        folder,
        path: path.filter(|p| !p.is_empty()),
        depends: depends.filter(|d| d.starts_with("component:")).map(plain).collect(),
    })
}

/// An entity reference without kind and the default namespace.
fn plain(reference: &str) -> String {
    let name = reference.split_once(':').map_or(reference, |(_, name)| name);
    name.strip_prefix("default/").unwrap_or(name).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components() {
        let text = "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: orders\n  annotations:\n    backstage.io/source-location: url:https://github.com/shop/mono/tree/main/services/orders/\nspec:\n  type: service\n  owner: group:default/checkout\n  dependsOn: [\"component:default/common\", \"resource:db\"]\n---\nkind: Component\nmetadata: {name: common}\nspec: {type: library, owner: platform}\n---\nkind: System\nmetadata: {name: shop}\n";
        let components = read(text).unwrap();
        assert_eq!(components.len(), 2);
        assert_eq!(components[0].path.as_deref(), Some("services/orders"));
        assert_eq!(components[0].owner.as_deref(), Some("checkout"));
        assert_eq!(components[0].depends, ["common"]);
        assert!(components[1].library);
        assert!(read("kind: [").is_err());
        assert_eq!(read("").unwrap(), []);
    }
}
