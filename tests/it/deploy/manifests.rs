//! Compose and Kubernetes: what one part refers to, another has.

use std::path::Path;

use lethe::domain::job::Job;
use lethe::policy::Policy;
use serde_json::Value;

use super::files::assert_is_command;
use crate::common::project::{files, read, root};

fn documents(path: &Path) -> Vec<Value> {
    serde_saphyr::from_multiple(&read(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn texts(list: &Value) -> Vec<&str> {
    list.as_array().expect("a list").iter().map(|own| own.as_str().expect("a text")).collect()
}

fn members(map: &Value) -> impl Iterator<Item = (&String, &Value)> {
    map.as_object().expect("a map").iter()
}

#[test]
fn compose_starts_commands_that_exist_and_holds_no_password() {
    let folder = root().join("deploy");
    let compose = documents(&folder.join("compose.yaml")).remove(0);
    let secrets = &compose["secrets"];
    for (name, secret) in members(secrets) {
        assert!(secret["file"].is_string(), "{name} is a file");
    }
    let mut own = Vec::new();
    for (name, service) in members(&compose["services"]) {
        assert!(service["healthcheck"]["test"].is_array(), "{name} has a check of its health");
        for secret in texts(&service["secrets"]) {
            assert!(secrets[secret].is_object(), "{name}: {secret}");
        }
        for (variable, value) in service["environment"].as_object().into_iter().flatten() {
            let is_password = variable.contains("PASSWORD") && !variable.ends_with("_FILE");
            assert!(!is_password, "{name}: {variable}");
            let value = value.as_str().expect("a text");
            let user = value.split_once("://").and_then(|(_, rest)| rest.split_once('@')).map(|(user, _)| user);
            assert!(user.is_none_or(|user| !user.contains(':')), "{name}: {variable}");
            if let Some(secret) = value.strip_prefix("/run/secrets/") {
                assert!(texts(&service["secrets"]).contains(&secret), "{name}: {variable}");
            }
        }
        for volume in service["volumes"].as_array().into_iter().flatten() {
            let from = volume.as_str().and_then(|text| text.split(':').next()).expect("a volume");
            assert!(!from.starts_with("./postgres/") || folder.join(from).is_file(), "{name}: {from}");
        }
        for (other, _) in service["depends_on"].as_object().into_iter().flatten() {
            assert!(compose["services"][other.as_str()].is_object(), "{name}: {other}");
        }
        if service["image"] == "lethe:local" {
            assert_is_command(&texts(&service["command"]));
            let check = texts(&service["healthcheck"]["test"]);
            assert_eq!(check[..2], ["CMD", "/usr/local/bin/lethe"]);
            assert_is_command(&check[2..]);
            own.push(texts(&service["command"])[0].to_owned());
        }
    }
    own.sort();
    assert_eq!(own, ["scheduler", "worker", "worker"]);
}

#[test]
fn kubernetes_runs_commands_that_exist_under_every_restriction() {
    let all: Vec<Value> =
        files(&root().join("deploy/kubernetes"), ".yaml").iter().flat_map(|path| documents(path)).collect();
    let named = |kind: &str, name: &str| all.iter().any(|own| own["kind"] == kind && own["metadata"]["name"] == name);
    let deployments: Vec<&Value> = all.iter().filter(|own| own["kind"] == "Deployment").collect();
    assert_eq!(deployments.len(), 2);
    for deployment in deployments {
        let template = &deployment["spec"]["template"];
        let labels = &template["metadata"]["labels"];
        assert_eq!(&deployment["spec"]["selector"]["matchLabels"], labels);
        let budgets = all.iter().filter(|own| own["kind"] == "PodDisruptionBudget");
        assert_eq!(budgets.filter(|own| &own["spec"]["selector"]["matchLabels"] == labels).count(), 1);
        let pod = &template["spec"];
        assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
        assert_eq!(pod["automountServiceAccountToken"], false);
        let container = &pod["containers"][0];
        assert_is_command(&texts(&container["args"]));
        // Only the scheduler listens.
        if labels["app.kubernetes.io/component"] == "scheduler" {
            let path = |probe: &str| container[probe]["httpGet"]["path"].as_str().expect("a path");
            assert_eq!(
                [path("startupProbe"), path("readinessProbe"), path("livenessProbe")],
                ["/health/ready", "/health/ready", "/health/live"]
            );
            let services = all.iter().filter(|own| own["kind"] == "Service");
            let selects = |own: &&Value| members(&own["spec"]["selector"]).all(|(name, value)| labels[name] == *value);
            assert_eq!(services.filter(selects).count(), 1);
        } else {
            assert_is_command(&texts(&container["startupProbe"]["exec"]["command"])[1..]);
        }
        let context = &container["securityContext"];
        assert_eq!(context["allowPrivilegeEscalation"], false);
        assert_eq!(context["readOnlyRootFilesystem"], true);
        assert_eq!(context["capabilities"]["drop"], serde_json::json!(["ALL"]));
        assert!(container["resources"]["requests"]["memory"].is_string());
        assert!(container["resources"]["limits"]["memory"].is_string());
        for volume in pod["volumes"].as_array().expect("volumes") {
            if let Some(map) = volume["configMap"]["name"].as_str() {
                assert!(named("ConfigMap", map), "{map}");
            }
            let name = &volume["name"];
            let mounts = container["volumeMounts"].as_array().expect("mounts");
            assert!(mounts.iter().any(|mount| &mount["name"] == name && mount["readOnly"] == true), "{name}");
        }
    }
    assert!(!all.iter().any(|own| own["kind"] == "Secret"), "a secret is made, not written down");
}

#[test]
fn the_configuration_for_kubernetes_is_one_that_the_program_reads() {
    let maps = documents(&root().join("deploy/kubernetes/config.yaml"));
    let data = &maps[0]["data"];
    Policy::parse(data["policy.toml"].as_str().expect("a policy")).expect("a policy");
    for (name, text) in members(&maps[1]["data"]) {
        let name = name.strip_suffix(".toml").expect("a job's file");
        Job::parse(name, text.as_str().expect("a job")).expect("a job");
    }
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("lethe.toml"), data["lethe.toml"].as_str().expect("a configuration"))
        .expect("the configuration is written");
    let output = crate::common::lethe(folder.path()).arg("status").output().expect("the program runs");
    // It gets as far as the secret, which is not here.
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("the password file `/run/secrets/lethe/postgres-password` cannot be read"), "{said}");
}
